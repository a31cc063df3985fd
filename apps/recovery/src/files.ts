import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { RecoveryError } from './errors.ts'

/** Throws `RecoveryError` file. */
export function readFile(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (cause) {
    throw new RecoveryError('file', `${path} cannot be read: check the path and its permissions`, { cause })
  }
}

/** Throws `RecoveryError` file. */
export function readText(path: string): string {
  return new TextDecoder().decode(readFile(path))
}

/** Writes a new file that only its owner can read; never overwrites. Throws `RecoveryError` file. */
export function writeNew(path: string, content: string, mode: 0o600 | 0o644 = 0o600): void {
  try {
    const file = openSync(path, 'wx', mode)
    try {
      writeSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw new RecoveryError('file', `${path} cannot be written: it must not exist yet, its directory must`, { cause })
  }
}

export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new RecoveryError('file', `${path} cannot be made`, { cause })
  }
}
