import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { LocalError } from './errors.ts'
import { readIfThere, writePrivateJson } from './files.ts'

const MARKER = 'vault.json'
/** sun_path of sockaddr_un, without the final zero byte. */
const MAX_SOCKET_PATH = 107

export type Home = {
  readonly dir: string
  /** Names this vault in its genesis and in a shared PostgreSQL. */
  readonly deploymentId: string
  path(...parts: string[]): string
}

/** Opens the home of a vault; makes it when there is none. Throws LocalError bad-home. */
export function openHome(directory: string): Home {
  const dir = resolve(directory)
  if (/["\\\n\r]/.test(dir))
    throw new LocalError('bad-home', `TRIVAULT_HOME must not contain quotes, backslashes or line breaks: ${dir}`)
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (!statSync(dir).isDirectory()) throw new Error('not a directory')
  } catch (cause) {
    throw new LocalError('bad-home', `no home can be made at ${dir}: check TRIVAULT_HOME`, { cause })
  }
  if (!existsSync(join(dir, MARKER))) {
    if (readdirSync(dir).length > 0)
      throw new LocalError('bad-home', `${dir} holds other files and is not the home of a vault: check TRIVAULT_HOME`)
    writePrivateJson(join(dir, MARKER), { format: 1, deploymentId: `local-${randomBytes(6).toString('hex')}` })
  }
  chmodSync(dir, 0o700)
  return { dir, deploymentId: readDeploymentId(dir), path: (...parts) => join(dir, ...parts) }
}

/** Removes all of a home but the directory itself. Throws LocalError bad-home for a directory that is none. */
export function wipeHome(directory: string): void {
  const dir = resolve(directory)
  readDeploymentId(dir)
  // The marker goes last: an interrupted wipe can be repeated.
  const names = readdirSync(dir).filter(name => name !== MARKER)
  for (const name of [...names, MARKER]) rmSync(join(dir, name), { recursive: true, force: true })
}

/** Throws LocalError bad-home for a directory that is not the home of a vault. */
export function checkHome(directory: string): void {
  readDeploymentId(resolve(directory))
}

/** True when there is nothing at all to wipe. */
export function isAbsentHome(directory: string): boolean {
  const dir = resolve(directory)
  return !existsSync(dir) || (statSync(dir).isDirectory() && readdirSync(dir).length === 0)
}

/** A path for a socket in the home that fits into a socket address however deep the home lies. */
export function socketPath(home: Pick<Home, 'path' | 'dir'>, name: string): string {
  const plain = home.path(name)
  if (Buffer.byteLength(plain) <= MAX_SOCKET_PATH) return plain
  // The kernel follows this link to the open directory itself; the descriptor stays open as long as the process.
  return `/proc/${process.pid}/fd/${openSync(home.dir, 'r')}/${name}`
}

function readDeploymentId(dir: string): string {
  const text = existsSync(dir) ? readIfThere(join(dir, MARKER)) : undefined
  try {
    const marker: unknown = JSON.parse(text ?? '')
    if (
      typeof marker === 'object' &&
      marker !== null &&
      'format' in marker &&
      marker.format === 1 &&
      'deploymentId' in marker
    ) {
      if (typeof marker.deploymentId === 'string' && /^[a-z0-9-]{1,64}$/.test(marker.deploymentId))
        return marker.deploymentId
    }
  } catch {
    // Not ours.
  }
  throw new LocalError('bad-home', `${dir} is not the home of a vault: check TRIVAULT_HOME`)
}
