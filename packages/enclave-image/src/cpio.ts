import { compareBytes, fromUtf8, utf8 } from '@trivault/codec'
import { EifError } from './errors.ts'

/**
 * Archives in the "newc" format of cpio (Linux, Documentation/driver-api/early-userspace/buffer-format.rst), which the
 * kernel unpacks as its first file system. Written in one way only: sorted by path, times, owners and inode
 * numbers fixed, so that the same files give the same bytes.
 */

/** A file, symbolic link or empty directory. Paths are relative, with `/`; directories above them come by themselves. */
export type AppFile =
  | { readonly path: string; readonly mode: 0o644 | 0o755; readonly contents: Uint8Array }
  | { readonly path: string; readonly linkTo: string }
  | { readonly path: string; readonly directory: true }

const MAGIC = '070701'
const HEADER = 110
const FIELDS = 13
const TRAILER = 'TRAILER!!!'
const BLOCK = 512
const MAX_PATH = 1024
export const MAX_FILES = 100_000
export const MAX_ARCHIVE = 2 ** 30

const [REGULAR, LINK, DIRECTORY] = [0o100000, 0o120000, 0o040000]
const LINK_MODE = LINK | 0o777
const DIRECTORY_MODE = DIRECTORY | 0o755

const refuse = (message: string): EifError => new EifError('app-file', message)
const aligned = (length: number): number => (length + 3) & ~3

type Entry = { name: Uint8Array; mode: number; data: Uint8Array }

const NONE = new Uint8Array()

const checkPath = (path: string): void => {
  const parts = path.split('/')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (parts.some(part => part === '' || part === '.' || part === '..') || /[\0-\x1f\x7f]/.test(path)) {
    throw refuse(`${JSON.stringify(path)} is no relative path of plain names`)
  }
  if (utf8(path).length > MAX_PATH) throw refuse(`a path has more than ${MAX_PATH} bytes: ${path.slice(0, 80)}…`)
  if (path === TRAILER) throw refuse(`${TRAILER} ends an archive and cannot be a file in it`)
}

const entryOf = (file: AppFile): Entry => {
  checkPath(file.path)
  const name = utf8(file.path)
  if ('directory' in file) return { name, mode: DIRECTORY_MODE, data: NONE }
  if ('linkTo' in file) {
    if (file.linkTo === '' || file.linkTo.includes('\0')) throw refuse(`the link ${file.path} leads nowhere`)
    return { name, mode: LINK_MODE, data: utf8(file.linkTo) }
  }
  if (file.mode !== 0o644 && file.mode !== 0o755) throw refuse(`${file.path}: the mode must be 0644 or 0755`)
  return { name, mode: REGULAR | file.mode, data: file.contents }
}

/** All entries, parents included, by path. */
const entriesOf = (files: readonly AppFile[]): Entry[] => {
  const entries = new Map<string, Entry>()
  for (const file of files) {
    if (entries.has(file.path)) throw refuse(`${file.path} is given twice`)
    entries.set(file.path, entryOf(file))
  }
  for (const { path } of files) {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at)
      const known = entries.get(parent)
      if (known === undefined) entries.set(parent, { name: utf8(parent), mode: DIRECTORY_MODE, data: NONE })
      else if (known.mode !== DIRECTORY_MODE) throw refuse(`${parent} is a file, and ${path} lies in it`)
    }
  }
  if (entries.size > MAX_FILES) throw new EifError('limit', `more than ${MAX_FILES} files`)
  return [...entries.values()].toSorted((a, b) => compareBytes(a.name, b.name))
}

const sizeOf = ({ name, data }: Entry): number => aligned(HEADER + name.length + 1) + aligned(data.length)

/**
 * The archive of some files. Uncompressed; padded with zeros to 512 bytes.
 * @throws EifError `app-file`, `limit`
 */
export const writeCpio = (files: readonly AppFile[]): Uint8Array => {
  const entries = [...entriesOf(files), { name: utf8(TRAILER), mode: 0, data: NONE }]
  const length = entries.reduce((sum, entry) => sum + sizeOf(entry), 0)
  if (length > MAX_ARCHIVE) throw new EifError('limit', `the files make an archive of more than ${MAX_ARCHIVE} bytes`)
  const out = new Uint8Array(Math.ceil(length / BLOCK) * BLOCK)
  let at = 0
  for (const [i, entry] of entries.entries()) {
    out.set(headerOf(entry, entry.mode === 0 ? 0 : i + 1), at)
    out.set(entry.name, at + HEADER)
    out.set(entry.data, at + aligned(HEADER + entry.name.length + 1))
    at += sizeOf(entry)
  }
  return out
}

const headerOf = ({ name, mode, data }: Entry, inode: number): Uint8Array => {
  const links = (mode & DIRECTORY) === DIRECTORY && (mode & REGULAR) !== REGULAR ? 2 : 1
  const [user, group, time, device, check] = [0, 0, 0, 0, 0]
  const fields = [inode, mode, user, group, links, time, data.length, device, device, device, device, name.length + 1]
  return utf8(MAGIC + [...fields, check].map(value => value.toString(16).padStart(8, '0')).join(''))
}

/**
 * Inverse of `writeCpio`: accepts exactly the archives that it writes.
 * @returns all entries in order, directories included
 * @throws EifError `app-file`, `limit`
 */
export const readCpio = (archive: Uint8Array): AppFile[] => {
  if (archive.length > MAX_ARCHIVE) throw new EifError('limit', 'the archive is too large')
  const files: AppFile[] = []
  let at = 0
  for (;;) {
    const { name, mode, data, end } = readEntry(archive, at)
    at = end
    if (name === TRAILER) break
    files.push(fileOf(name, mode, data))
    if (files.length > MAX_FILES) throw new EifError('limit', `more than ${MAX_FILES} files`)
  }
  // One form: whatever else could be read into the same files (order, times, padding) is refused.
  const again = writeCpio(files)
  if (compareBytes(again, archive) !== 0) throw refuse('the archive is not in the one form that is written')
  return files
}

const readEntry = (archive: Uint8Array, at: number) => {
  const header = archive.subarray(at, at + HEADER)
  if (header.length < HEADER) throw refuse('the archive is cut short')
  const text = String.fromCharCode(...header)
  if (!text.startsWith(MAGIC) || !/^[0-9a-f]+$/.test(text)) throw refuse('an entry has no newc header')
  const fields = Array.from({ length: FIELDS }, (_, i) => Number.parseInt(text.slice(6 + 8 * i, 14 + 8 * i), 16))
  const [mode = 0, size = 0, nameSize = 0] = [fields[1], fields[6], fields[11]]
  const start = at + aligned(HEADER + nameSize)
  if (nameSize < 2 || nameSize > MAX_PATH + 1 || start + size > archive.length) throw refuse('the archive is cut short')
  const name = textOf(archive.subarray(at + HEADER, at + HEADER + nameSize - 1))
  return { name, mode, data: archive.subarray(start, start + size), end: start + aligned(size) }
}

const fileOf = (path: string, mode: number, data: Uint8Array): AppFile => {
  if (mode === DIRECTORY_MODE) return { path, directory: true }
  if (mode === LINK_MODE) return { path, linkTo: textOf(data) }
  if (mode === (REGULAR | 0o644)) return { path, mode: 0o644, contents: data }
  if (mode === (REGULAR | 0o755)) return { path, mode: 0o755, contents: data }
  throw refuse(`${path} is of a kind or mode that no application file has`)
}

const textOf = (bytes: Uint8Array): string => {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    throw new EifError('app-file', 'a name in the archive is not UTF-8', { cause })
  }
}
