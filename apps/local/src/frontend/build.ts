import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WebApp } from '@trivault/web-config'
import { LocalError } from '../errors.ts'

export const WEB_APPS: readonly WebApp[] = ['console', 'approver']

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js')
const STAMP = '.built-from'
/** What an app is built from; a change in any of it makes the build stale. */
const SHARED = ['packages', 'package-lock.json'] as const
const SKIPPED = new Set(['node_modules', 'dist', 'test', 'bench'])

/** The built files of a web app, without env-config.js. */
export const distOf = (app: WebApp): string => join(ROOT, 'apps', app, 'dist')

/** Builds the web apps whose build is missing or older than the sources. Throws LocalError build-failed. */
export async function buildFrontends(say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const shared = fingerprint(SHARED.map(path => join(ROOT, path)))
  await Promise.all(
    WEB_APPS.map(async app => {
      const stamp = createHash('sha256')
        .update(`${shared} ${fingerprint([join(ROOT, 'apps', app)])}`)
        .digest('hex')
      if (existsSync(join(distOf(app), STAMP)) && readFileSync(join(distOf(app), STAMP), 'utf8') === stamp) return
      say(`building the ${app === 'console' ? 'console' : 'Approver App'} (only after a change)`)
      await build(app, stamp, signal)
    }),
  )
}

/** Into a folder of its own, then in one step in place: two builds at once do no harm, and nobody serves half of one. */
async function build(app: WebApp, stamp: string, signal?: AbortSignal): Promise<void> {
  const fresh = `${distOf(app)}-${process.pid}`
  const old = `${fresh}-old`
  try {
    await vite(app, fresh, signal)
    writeFileSync(join(fresh, STAMP), stamp)
    if (existsSync(distOf(app))) renameSync(distOf(app), old)
    renameSync(fresh, distOf(app))
  } finally {
    for (const directory of [fresh, old]) rmSync(directory, { recursive: true, force: true })
  }
}

function vite(app: WebApp, outDir: string, signal?: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [VITE, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn'], {
    cwd: join(ROOT, 'apps', app),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A test runner's own would make a build with the libraries' checks for developers, half as large again.
    env: { ...process.env, NODE_ENV: 'production' },
    ...(signal && { signal }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', cause => reject(new LocalError('build-failed', `${app} cannot be built`, { cause })))
    child.once('close', code => {
      if (code === 0) resolve()
      else reject(new LocalError('build-failed', `${app} cannot be built:\n${output.trim()}`))
    })
  })
}

/** Names, sizes and times of all source files. */
function fingerprint(paths: readonly string[]): string {
  const hash = createHash('sha256')
  const visit = (path: string): void => {
    const stat = statSync(path)
    if (!stat.isDirectory()) {
      if (!path.endsWith('.test.ts')) hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`)
      return
    }
    for (const name of readdirSync(path).sort()) {
      if (!SKIPPED.has(name) && !name.startsWith('dist-')) visit(join(path, name))
    }
  }
  for (const path of paths) visit(path)
  return hash.digest('hex')
}
