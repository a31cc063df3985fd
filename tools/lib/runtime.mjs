import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { npmCli } from './npm.mjs'
import { run } from './run.mjs'
import { LaunchError, say } from './say.mjs'

/**
 * Stage 1: the pinned Node, from npm, checked against the pinned digest. Complete or absent, never half there.
 * Returns the path of its `node`.
 */
export async function ensureRuntime(root) {
  const { version, integrity } = JSON.parse(readFileSync(join(root, 'tools/runtime.json'), 'utf8'))
  const expected = integrity[process.arch]
  if (process.platform !== 'linux' || !expected) {
    throw new LaunchError(`runs on Linux x64 and arm64, not on ${process.platform} ${process.arch}`)
  }
  const runtimes = join(root, '.runtime')
  const target = join(runtimes, `node-${version}`)
  const node = join(target, 'bin/node')
  if (existsSync(node)) return node

  say(`fetching Node ${version} from npm`)
  mkdirSync(runtimes, { recursive: true })
  const work = mkdtempSync(join(runtimes, 'fetch-'))
  try {
    const spec = `node-linux-${process.arch}@${version}`
    const packed = await run(process.execPath, [npmCli(), 'pack', spec, '--pack-destination', work, '--silent'], {
      cwd: root,
    })
    const file = readdirSync(work).find(name => name.endsWith('.tgz'))
    if (packed.code !== 0 || !file) throw new LaunchError(`cannot fetch ${spec} from the npm registry`)
    const digest = `sha512-${createHash('sha512')
      .update(readFileSync(join(work, file)))
      .digest('base64')}`
    if (digest !== expected) throw new LaunchError(`${spec} is not the pinned file: its digest is ${digest}`)
    const unpacked = join(work, 'node')
    mkdirSync(unpacked)
    const tar = await run('tar', ['-xzf', join(work, file), '-C', unpacked, '--strip-components=1', '--no-same-owner'])
    if (tar.code !== 0 || !existsSync(join(unpacked, 'bin/node'))) throw new LaunchError(`cannot unpack ${spec}`)
    rmSync(target, { recursive: true, force: true })
    renameSync(unpacked, target)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return node
}
