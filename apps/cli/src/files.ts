import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { CliError } from './errors.ts'

/** Throws `CliError` configuration. */
export function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (cause) {
    throw new CliError('configuration', `${path} cannot be read: check the path and its permissions`, { cause })
  }
}

export const readText = (path: string): string => new TextDecoder().decode(readBytes(path))

/** Undefined when there is no such file. */
export function readTextIfThere(path: string): string | undefined {
  const bytes = readBytesIfThere(path)
  return bytes && new TextDecoder().decode(bytes)
}

/** Undefined when there is no such file. */
export function readBytesIfThere(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new CliError('configuration', `${path} cannot be read: check its permissions`, { cause: error })
  }
}

/** Reads a secret of one line. */
export function readSecret(path: string): string {
  const text = readText(path).trim()
  if (text === '') throw new CliError('configuration', `${path} is empty`)
  return text
}

/** Throws `CliError` configuration unless the text is JSON. */
export function parseJsonText(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CliError('configuration', `${what} is not JSON`, { cause })
  }
}

/** Writes a new file of mode 0600. Throws `CliError` configuration when it exists. */
export function writeNewPrivate(path: string, content: string | Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    write(path, content)
  } catch (cause) {
    throw new CliError('configuration', `${path} cannot be written: it must not exist yet`, { cause })
  }
}

/** Replaces a file of mode 0600 as a whole. */
export function replacePrivate(path: string, content: string): void {
  const fresh = `${path}.${process.pid}.new`
  write(fresh, content)
  renameSync(fresh, path)
}

function write(path: string, content: string | Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, content as string)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
