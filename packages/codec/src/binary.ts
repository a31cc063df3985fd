import { fromUtf8, utf8 } from './bytes.ts'
import { CodecError, inField } from './errors.ts'

/** One canonical encoding per value: `decode` accepts exactly the bytes that `encode` makes. */
export interface Codec<T> {
  encode(writer: Writer, value: T): void
  decode(reader: Reader): T
}
export type ValueOf<C> = C extends Codec<infer T> ? T : never

/** Appends bytes; grows as needed. All integers are big-endian. */
export class Writer {
  #buffer = new Uint8Array(256)
  #length = 0

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  uint(value: number | bigint, size: number): void {
    if (typeof value === 'number' && size <= 4) {
      if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size))
        throw new CodecError('out-of-range', `not an unsigned ${8 * size}-bit integer`)
      this.#room(size)
      for (let i = 0; i < size; i++) this.#buffer[this.#length + i] = value >>> (8 * (size - 1 - i))
      this.#length += size
      return
    }
    let rest = BigInt(value)
    if (rest < 0n || rest >> BigInt(8 * size) !== 0n)
      throw new CodecError('out-of-range', `not an unsigned ${8 * size}-bit integer`)
    this.#room(size)
    for (let i = size - 1; i >= 0; i--) {
      this.#buffer[this.#length + i] = Number(rest & 0xffn)
      rest >>= 8n
    }
    this.#length += size
  }

  /** What was written; the writer is at its end. Large values are not copied once more. */
  finish(): Uint8Array {
    const isTight = this.#buffer.length <= 2 * this.#length && this.#length > 4096
    return isTight ? this.#buffer.subarray(0, this.#length) : this.#buffer.slice(0, this.#length)
  }

  #room(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const next = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length + more))
    next.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = next
  }
}

/** Reads within bounds; a read beyond the end throws `CodecError` truncated. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A copy of the next `length` bytes. */
  raw(length: number): Uint8Array {
    return new Uint8Array(this.#next(length))
  }

  #next(length: number): Uint8Array {
    if (length > this.remaining) throw new CodecError('truncated', `${length} bytes expected, ${this.remaining} left`)
    const view = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return view
  }

  uint(size: number): bigint {
    let value = 0n
    for (const byte of this.#next(size)) value = (value << 8n) | BigInt(byte)
    return value
  }

  /** An unsigned integer of at most four bytes. */
  small(size: 1 | 2 | 4): number {
    let value = 0
    for (const byte of this.#next(size)) value = value * 256 + byte
    return value
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }
}

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new Writer()
  codec.encode(writer, value)
  return writer.finish()
}

/** Decodes all of `bytes`. Throws `CodecError`; nothing is left over. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new Reader(bytes)
  const value = codec.decode(reader)
  if (reader.remaining !== 0) throw new CodecError('trailing', `${reader.remaining} bytes after the end`)
  return value
}

function unsigned(size: 1 | 2 | 4): Codec<number> {
  return { encode: (writer, value) => writer.uint(whole(value), size), decode: reader => reader.small(size) }
}
function whole(value: number): number {
  if (!Number.isSafeInteger(value)) throw new CodecError('out-of-range', 'not an integer')
  return value
}

export const u8 = unsigned(1)
export const u16 = unsigned(2)
export const u32 = unsigned(4)
export const u64: Codec<bigint> = { encode: (writer, value) => writer.uint(value, 8), decode: reader => reader.uint(8) }

/** A non-negative safe integer in eight bytes (milliseconds, sequence numbers). */
export const int53: Codec<number> = {
  encode: (writer, value) => writer.uint(whole(value), 8),
  decode: reader => {
    const value = reader.uint(8)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new CodecError('out-of-range', 'above 2^53 - 1')
    return Number(value)
  },
}

/** An unsigned integer below 2^(8·max), as minimal big-endian bytes behind a length byte. */
export function uintVar(max: number): Codec<bigint> {
  return {
    encode(writer, value) {
      if (value < 0n) throw new CodecError('out-of-range', 'negative')
      const size = value === 0n ? 0 : Math.ceil(value.toString(16).length / 2)
      if (size > max) throw new CodecError('out-of-range', `above ${max} bytes`)
      writer.uint(size, 1)
      writer.uint(value, size)
    },
    decode(reader) {
      const size = reader.small(1)
      if (size > max) throw new CodecError('out-of-range', `above ${max} bytes`)
      const value = reader.uint(size)
      if (size > 0 && value >> BigInt(8 * (size - 1)) === 0n) throw new CodecError('not-canonical', 'leading zero byte')
      return value
    },
  }
}

export const bool: Codec<boolean> = {
  encode: (writer, value) => writer.uint(value ? 1 : 0, 1),
  decode: reader => {
    const value = reader.small(1)
    if (value > 1) throw new CodecError('not-canonical', 'a boolean is 0 or 1')
    return value === 1
  },
}

/** Exactly `size` bytes. */
export function fixed(size: number): Codec<Uint8Array> {
  return {
    encode(writer, value) {
      if (value.length !== size) throw new CodecError('out-of-range', `${size} bytes expected, ${value.length} given`)
      writer.raw(value)
    },
    decode: reader => reader.raw(size),
  }
}

/** Up to `max` bytes behind a 32-bit length. */
export function bytes(max: number): Codec<Uint8Array> {
  return {
    encode(writer, value) {
      if (value.length > max) throw new CodecError('too-long', `${value.length} bytes, at most ${max}`)
      writer.uint(value.length, 4)
      writer.raw(value)
    },
    decode: reader => reader.raw(length(reader, max)),
  }
}

/** Well-formed text of up to `max` UTF-8 bytes. */
export function text(max: number): Codec<string> {
  const inner = bytes(max)
  return {
    encode: (writer, value) => inner.encode(writer, utf8(value)),
    decode: reader => fromUtf8(inner.decode(reader)),
  }
}

export function list<T>(item: Codec<T>, max: number): Codec<T[]> {
  return {
    encode(writer, value) {
      if (value.length > max) throw new CodecError('too-long', `${value.length} items, at most ${max}`)
      writer.uint(value.length, 4)
      value.forEach((entry, i) => {
        inField(`[${i}]`, () => item.encode(writer, entry))
      })
    },
    decode(reader) {
      const size = length(reader, max)
      // Grows with what is really there: a length alone allocates nothing.
      const out: T[] = []
      for (let i = 0; i < size; i++) out.push(inField(`[${i}]`, () => item.decode(reader)))
      return out
    },
  }
}

export function option<T>(item: Codec<T>): Codec<T | undefined> {
  return {
    encode(writer, value) {
      bool.encode(writer, value !== undefined)
      if (value !== undefined) item.encode(writer, value)
    },
    decode: reader => (bool.decode(reader) ? item.decode(reader) : undefined),
  }
}

/** The fields in the order in which they are written. */
export function struct<F extends Record<string, Codec<unknown>>>(fields: F): Codec<{ [K in keyof F]: ValueOf<F[K]> }>
export function struct(fields: Record<string, Codec<unknown>>): Codec<Record<string, unknown>> {
  const entries = Object.entries(fields)
  return {
    encode(writer, value) {
      for (const [name, codec] of entries) inField(name, () => codec.encode(writer, value[name]))
    },
    decode: reader =>
      Object.fromEntries(entries.map(([name, codec]) => [name, inField(name, () => codec.decode(reader))])),
  }
}

type Variants = Record<string, [tag: number, codec: Codec<unknown>]>
type Tagged<V extends Variants> = { [K in keyof V & string]: { type: K } & ValueOf<V[K][1]> }[keyof V & string]

/** A union: one tag byte, then the variant. Values carry `type`. */
export function tagged<V extends Variants>(variants: V): Codec<Tagged<V>>
export function tagged(variants: Record<string, [number, Codec<Record<string, unknown>>]>): Codec<{ type: string }> {
  const byTag = new Map(Object.entries(variants).map(([type, [tag, codec]]) => [tag, { type, codec }]))
  if (byTag.size !== Object.keys(variants).length) throw new Error('tagged: two variants share a tag')
  return {
    encode(writer, value) {
      const variant = Object.hasOwn(variants, value.type) ? variants[value.type] : undefined
      if (variant === undefined) throw new CodecError('bad-tag', `unknown variant ${value.type}`)
      writer.uint(variant[0], 1)
      inField(value.type, () => variant[1].encode(writer, value as Record<string, unknown> & { type: string }))
    },
    decode(reader) {
      const tag = reader.small(1)
      const variant = byTag.get(tag)
      if (variant === undefined) throw new CodecError('bad-tag', `unknown tag ${tag}`)
      return inField(variant.type, () => ({ type: variant.type, ...variant.codec.decode(reader) }))
    },
  }
}

/** A codec of `A` through a codec of `B`; `from` may throw `CodecError` to refuse. */
export function mapped<A, B>(codec: Codec<B>, to: (value: A) => B, from: (value: B) => A): Codec<A> {
  return { encode: (writer, value) => codec.encode(writer, to(value)), decode: reader => from(codec.decode(reader)) }
}

/** One of a closed list of words, as its position. */
export function word<const W extends readonly string[]>(words: W): Codec<W[number]> {
  return mapped<W[number], number>(
    u8,
    value => words.indexOf(value),
    index => {
      const value = words[index]
      if (value === undefined) throw new CodecError('bad-tag', `unknown word ${index}`)
      return value
    },
  )
}

function length(reader: Reader, max: number): number {
  const size = reader.small(4)
  if (size > max) throw new CodecError('too-long', `${size}, at most ${max}`)
  return size
}
