import { concat, utf8 } from '@trivault/codec'

/**
 * ASN.1 in BER and DER (X.690): a bounded reader that takes indefinite lengths and constructed strings, as AWS KMS sends
 * them, and a writer of DER.
 */
export type Ber = {
  /** Identifier octet: class, constructed bit and number below 31. */
  readonly tag: number
  /** Content octets of a primitive; empty for a constructed one. */
  readonly content: Uint8Array
  readonly children: readonly Ber[]
}

export class BerError extends Error {
  override readonly name = 'BerError'
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
} as const

const constructed = 0x20
const maxDepth = 16

/** Reads one value that fills the input. @throws BerError */
export function readBer(input: Uint8Array): Ber {
  const { value, end } = readAt(input, 0, 0)
  if (end !== input.length) throw new BerError('bytes after the end')
  return value
}

function readAt(input: Uint8Array, start: number, depth: number): { value: Ber; end: number } {
  if (depth > maxDepth) throw new BerError('nested too deeply')
  const tag = input[start]
  const first = input[start + 1]
  if (tag === undefined || first === undefined) throw new BerError('cut short')
  if ((tag & 0x1f) === 0x1f) throw new BerError('long tags are not supported')
  if (first === 0x80) {
    if (!(tag & constructed)) throw new BerError('a primitive of indefinite length')
    return readIndefinite(input, tag, start + 2, depth)
  }
  const { length, from } = readLength(input, start + 1, first)
  const end = from + length
  if (end > input.length) throw new BerError('cut short')
  if (!(tag & constructed)) return { value: { tag, content: input.slice(from, end), children: [] }, end }
  const children: Ber[] = []
  for (let at = from; at < end; ) {
    const child = readAt(input.subarray(0, end), at, depth + 1)
    children.push(child.value)
    at = child.end
  }
  return { value: { tag, content: new Uint8Array(), children }, end }
}

function readIndefinite(input: Uint8Array, tag: number, from: number, depth: number): { value: Ber; end: number } {
  const children: Ber[] = []
  let at = from
  while (!(input[at] === 0 && input[at + 1] === 0)) {
    const child = readAt(input, at, depth + 1)
    children.push(child.value)
    at = child.end
  }
  return { value: { tag, content: new Uint8Array(), children }, end: at + 2 }
}

function readLength(input: Uint8Array, at: number, first: number): { length: number; from: number } {
  if (first < 0x80) return { length: first, from: at + 1 }
  const count = first & 0x7f
  if (count > 4) throw new BerError('length too large')
  let length = 0
  for (let i = 1; i <= count; i++) {
    const byte = input[at + i]
    if (byte === undefined) throw new BerError('cut short')
    length = length * 256 + byte
  }
  return { length, from: at + 1 + count }
}

/** The value of an octet string, primitive or in pieces. @throws BerError */
export function octets(value: Ber, tag: number = tags.octetString): Uint8Array {
  if (value.tag === tag) return value.content
  if (value.tag !== (tag | constructed)) throw new BerError('an octet string was expected')
  return concat(...value.children.map(child => octets(child)))
}

/** The child at a position, which must have the tag. @throws BerError */
export function childOf(value: Ber, position: number, tag: number): Ber {
  const child = value.children[position]
  if (child?.tag !== tag) throw new BerError(`element ${position} is missing or of another type`)
  return child
}

/** Dotted text of an object identifier. @throws BerError */
export function oidOf(value: Ber | undefined): string {
  if (value?.tag !== tags.oid || value.content.length === 0) throw new BerError('an object identifier was expected')
  const parts: number[] = []
  let part = 0
  for (const byte of value.content) {
    part = part * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(part)) throw new BerError('object identifier too large')
    if (byte & 0x80) continue
    parts.push(part)
    part = 0
  }
  const [first = 0, ...rest] = parts
  const root = Math.min(Math.floor(first / 40), 2)
  return [root, first - root * 40, ...rest].join('.')
}

/** Writes one value in DER. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(...parts)
  if (content.length < 0x80) return concat(Uint8Array.of(tag, content.length), content)
  const length: number[] = []
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  return concat(Uint8Array.of(tag, 0x80 | length.length, ...length), content)
}

export function derOid(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [root * 40 + second, ...rest].flatMap(part => {
    const septets = [part % 128]
    for (let more = Math.floor(part / 128); more > 0; more = Math.floor(more / 128))
      septets.unshift((more % 128) | 0x80)
    return septets
  })
  return der(tags.oid, Uint8Array.from(bytes))
}

/** A non-negative integer from its big-endian bytes. */
export function derInteger(...bytes: readonly number[]): Uint8Array {
  const start = bytes.findIndex(byte => byte !== 0)
  const significant = start < 0 ? [0] : bytes.slice(start)
  const padded = (significant[0] ?? 0) & 0x80 ? [0, ...significant] : significant
  return der(tags.integer, Uint8Array.from(padded))
}

export const derText = (text: string): Uint8Array => der(tags.utf8String, utf8(text))
export const derSequence = (...parts: readonly Uint8Array[]): Uint8Array => der(tags.sequence, ...parts)
export const derNull = Uint8Array.of(0x05, 0x00)
