import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { npmCli } from './npm.mjs'
import { run } from './run.mjs'
import { LaunchError, say } from './say.mjs'

/**
 * Stage 2: node_modules as package-lock.json says, installed under the pinned Node: an older npm runtime silently skips
 * packages whose engines exclude it. npm writes node_modules/.package-lock.json last, so an interrupted install shows.
 */
export async function ensureDependencies(root, node) {
  const reason = mismatch(root)
  if (!reason) return
  say(`installing npm packages (${reason})`)
  const { code } = await run(
    node,
    [npmCli(), 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}`, NODE_ENV: '' },
      stdio: ['ignore', 2, 2],
    },
  )
  if (code !== 0) throw new LaunchError('npm ci failed: see above')
  writeFileSync(stampFile(root), lockDigest(root))
}

const stampFile = root => join(root, 'node_modules/.trivault-installed')
const lockDigest = root =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')

/** Why node_modules is not what package-lock.json says; a developer's own npm install counts too. */
export function mismatch(root) {
  const installedFile = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installedFile)) return 'not installed yet'
  if (existsSync(stampFile(root)) && readFileSync(stampFile(root), 'utf8') === lockDigest(root)) return undefined
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  for (const [path, wanted] of Object.entries(
    JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages,
  )) {
    if (!/(^|\/)node_modules\//.test(path)) continue
    // npm's own record leaves out what lies inside a workspace.
    const found = path.startsWith('node_modules/') ? installed[path] : manifest(join(root, path))
    if (!found && (wanted.optional || wanted.devOptional) && !forThisMachine(wanted)) continue
    if (!found && wanted.peer && wanted.optional) continue
    if (!found) return `${path} is missing`
    if (found.version !== wanted.version) return `${path} changed`
  }
  return undefined
}

function manifest(dir) {
  const file = join(dir, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

function forThisMachine({ os, cpu, libc }) {
  return (!os || os.includes('linux')) && (!cpu || cpu.includes(process.arch)) && (!libc || libc.includes('glibc'))
}
