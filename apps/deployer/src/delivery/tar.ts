import { Buffer } from 'node:buffer'

/** One file of an image: path relative, '/'-separated. */
export type ImageFile =
  | { readonly path: string; readonly mode: 0o644 | 0o755; readonly contents: Uint8Array }
  | { readonly path: string; readonly linkTo: string }
  | { readonly path: string; readonly directory: 0o755 | 0o1777 }

const BLOCK = 512

/**
 * A POSIX tar (ustar, with pax records for what does not fit): entries sorted, parents before children, time 0, owner 0. Same
 * files, same bytes. Throws RangeError for two entries of one path or a path that leads out.
 */
export function tarOf(files: readonly ImageFile[]): Uint8Array {
  const entries = new Map<string, ImageFile>()
  for (const file of files) {
    const segments = file.path.split('/')
    if (segments.some(s => s === '' || s === '.' || s === '..'))
      throw new RangeError(`${file.path} is no path in an image`)
    if (entries.has(file.path)) throw new RangeError(`${file.path} is in the image twice`)
    entries.set(file.path, file)
  }
  for (const file of files)
    for (let at = file.path.lastIndexOf('/'); at > 0; at = file.path.lastIndexOf('/', at - 1)) {
      const path = file.path.slice(0, at)
      if (!entries.has(path)) entries.set(path, { path, directory: 0o755 })
    }
  const sorted = [...entries.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  return Buffer.concat([...sorted.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)])
}

function blocksOf(file: ImageFile): Uint8Array[] {
  const directory = 'directory' in file
  const path = directory ? `${file.path}/` : file.path
  const link = 'linkTo' in file ? file.linkTo : ''
  const contents = 'contents' in file ? file.contents : new Uint8Array()
  const mode = directory ? file.directory : 'mode' in file ? file.mode : 0o777
  const records = [
    ...(Buffer.byteLength(path) > 100 ? [paxRecord('path', path)] : []),
    ...(Buffer.byteLength(link) > 100 ? [paxRecord('linkpath', link)] : []),
  ].join('')
  const type = directory ? '5' : 'linkTo' in file ? '2' : '0'
  return [
    ...(records === '' ? [] : entry('pax', 0o644, 'x', '', Buffer.from(records))),
    ...entry(path, mode, type, link, contents),
  ]
}

function entry(path: string, mode: number, type: string, link: string, contents: Uint8Array): Uint8Array[] {
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, width: number) =>
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  header.set(Buffer.from(path).subarray(0, 100), 0)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(contents.length, 124, 12)
  octal(0, 136, 12)
  header.write(type, 156, 'latin1')
  header.set(Buffer.from(link).subarray(0, 100), 157)
  header.write('ustar\x0000', 257, 'latin1')
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return [header, contents, Buffer.alloc((BLOCK - (contents.length % BLOCK)) % BLOCK)]
}

/** `<length> key=value\n`, where length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest)
  while (String(length).length + Buffer.byteLength(rest) !== length)
    length = String(length).length + Buffer.byteLength(rest)
  return `${length}${rest}`
}
