import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Replaces a file of mode 0600 as a whole: readers see the old or the new content, also after a crash. */
export function writePrivate(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const fresh = `${path}.${randomBytes(4).toString('hex')}.new`
  const file = openSync(fresh, 'wx', 0o600)
  try {
    writeSync(file, content as string)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(fresh, path)
}

export function writePrivateJson(path: string, value: unknown): void {
  writePrivate(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** The text of a file, undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The content of a 0600 file that is made by `make` at first. */
export function keptFile(path: string, make: () => string): string {
  const kept = readIfThere(path)?.trim()
  if (kept) return kept
  const made = make()
  writePrivate(path, `${made}\n`)
  return made
}
