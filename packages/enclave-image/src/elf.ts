import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

// System V gABI, chapters 4 and 5: program headers and the dynamic section of 64-bit little-endian files.
const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NEEDED = 1n
const DT_STRTAB = 5n

/** Where Debian's loader looks, before any configuration. */
const directories = [
  'lib64',
  'lib/x86_64-linux-gnu',
  'usr/lib/x86_64-linux-gnu',
  'lib/aarch64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
  'lib',
  'usr/lib',
]

interface Links {
  /** The loader's absolute path; undefined for a library. */
  readonly interpreter: string | undefined
  /** Names of libraries, such as `libc.so.6`. */
  readonly needed: readonly string[]
}

/** What the loader must find for a program or library. Throws RangeError when it is no 64-bit little-endian ELF file. */
export function elfLinks(bytes: Uint8Array): Links {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1)
    throw new RangeError('not a 64-bit little-endian ELF file')
  const number = (at: number): number => Number(view.getBigUint64(at, true))
  const headers = Array.from({ length: view.getUint16(56, true) }, (_, index) => {
    const at = number(32) + index * view.getUint16(54, true)
    return { type: view.getUint32(at, true), offset: number(at + 8), address: number(at + 16), size: number(at + 32) }
  })
  const text = (at: number): string => new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)))
  const interpreter = headers.find(({ type }) => type === PT_INTERP)
  const dynamic = headers.find(({ type }) => type === PT_DYNAMIC)
  const entries = Array.from({ length: (dynamic?.size ?? 0) / 16 }, (_, index) => {
    const at = (dynamic?.offset ?? 0) + index * 16
    return { tag: view.getBigUint64(at, true), value: number(at + 8) }
  })
  const strings = entries.find(({ tag }) => tag === DT_STRTAB)?.value ?? 0
  const segment = headers.find(
    ({ type, address, size }) => type === PT_LOAD && strings >= address && strings < address + size,
  )
  const base = strings - (segment?.address ?? 0) + (segment?.offset ?? 0)
  return {
    interpreter: interpreter && text(interpreter.offset),
    needed: entries.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => text(base + value)),
  }
}

/** A file of a root directory, taken from this machine. */
export interface RuntimeFile {
  /** Relative to the root. */
  readonly path: string
  readonly mode: 0o755
  readonly contents: Uint8Array
}

/**
 * Programs with the loader and every library that they load at their start, sorted by path. Libraries come from the usual places
 * of `root`.
 * @param programs the file here, and its path in the root directory that is made
 * @throws RangeError when a library is in none of those places
 */
export function runtimeFiles(programs: readonly { binary: string; path: string }[], root = '/'): RuntimeFile[] {
  const files = new Map<string, RuntimeFile>()
  const add = (path: string, source: string): void => {
    if (files.has(path)) return
    const contents = new Uint8Array(readFileSync(source))
    files.set(path, { path, mode: 0o755, contents })
    const { interpreter, needed } = elfLinks(contents)
    if (interpreter !== undefined) add(interpreter.slice(1), join(root, interpreter))
    for (const name of needed) {
      if ([...files.keys()].some(known => known.endsWith(`/${name}`))) continue
      const found = directories
        .map(directory => `${directory}/${name}`)
        .find(candidate => isFile(join(root, candidate)))
      if (found === undefined)
        throw new RangeError(`${source} needs ${name}, which is in none of ${directories.join(', ')}`)
      add(found, join(root, found))
    }
  }
  for (const { binary, path } of programs) add(path, binary)
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function isFile(path: string): boolean {
  try {
    realpathSync(path)
    return true
  } catch {
    return false
  }
}
