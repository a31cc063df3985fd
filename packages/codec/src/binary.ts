import { fromUtf8, utf8 } from './bytes.ts'
import { CodecError, inField, within } from './errors.ts'
import { Reader, Writer } from './io.ts'

/** One canonical encoding per value: `decode` accepts exactly the bytes that `encode` makes. */
export interface Codec<T> {
  encode(writer: Writer, value: T): void
  decode(reader: Reader): T
}
export type ValueOf<C> = C extends Codec<infer T> ? T : never

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
  encode(writer, value) {
    writer.uint(Math.floor(whole(value) / 2 ** 32), 4)
    writer.uint(value >>> 0, 4)
  },
  decode(reader) {
    const value = reader.small(4) * 2 ** 32 + reader.small(4)
    if (value > Number.MAX_SAFE_INTEGER) throw new CodecError('out-of-range', 'above 2^53 - 1')
    return value
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

/** As `bytes`, but what is decoded is a view of what was read: for large values on their way through, which nobody changes or keeps. */
export function passing(max: number): Codec<Uint8Array> {
  return { encode: bytes(max).encode, decode: reader => reader.view(length(reader, max)) }
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
      let at = 0
      try {
        for (; at < value.length; at++) item.encode(writer, value[at] as T)
      } catch (error) {
        throw within(`[${at}]`, error)
      }
    },
    decode(reader) {
      const size = length(reader, max)
      // Grows with what is really there: a length alone allocates nothing.
      const out: T[] = []
      try {
        while (out.length < size) out.push(item.decode(reader))
      } catch (error) {
        throw within(`[${out.length}]`, error)
      }
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

type Fields = Record<string, Codec<unknown>>
type Entries = readonly (readonly [name: string, codec: Codec<unknown>])[]

/** The codec of a struct; it shows its fields to the union that it is a variant of. */
export interface StructCodec<T> extends Codec<T> {
  readonly entries: Entries
}

/** The fields in the order in which they are written. */
export function struct<F extends Fields>(fields: F): StructCodec<{ [K in keyof F]: ValueOf<F[K]> }>
export function struct(fields: Fields): StructCodec<Record<string, unknown>> {
  const entries = Object.entries(fields)
  const decodeAll = decoderOf(entries, {})
  return { entries, encode: (writer, value) => encodeAll(entries, writer, value), decode: decodeAll }
}

function encodeAll(entries: Entries, writer: Writer, value: Record<string, unknown>): void {
  let field = ''
  try {
    for (const [name, codec] of entries) {
      field = name
      codec.encode(writer, value[name])
    }
  } catch (error) {
    throw within(field, error)
  }
}

/** Reads the fields into a copy of one object that has all of them: a field named like a part of Object is one of its own. */
function decoderOf(entries: Entries, first: Record<string, unknown>): (reader: Reader) => Record<string, unknown> {
  const shape = Object.fromEntries([...Object.entries(first), ...entries.map(([name]) => [name, undefined] as const)])
  return reader => {
    const value = { ...shape }
    let field = ''
    try {
      for (const [name, codec] of entries) {
        field = name
        value[name] = codec.decode(reader)
      }
    } catch (error) {
      throw within(field, error)
    }
    return value
  }
}

type Variants = Record<string, [tag: number, codec: StructCodec<unknown>]>
type Tagged<V extends Variants> = { [K in keyof V & string]: { type: K } & ValueOf<V[K][1]> }[keyof V & string]

/** A union: one tag byte, then the variant, which is a struct. Values carry `type`. */
export function tagged<V extends Variants>(variants: V): Codec<Tagged<V>>
export function tagged(variants: Record<string, [number, StructCodec<object>]>): Codec<{ type: string }> {
  const byTag = new Map(
    Object.entries(variants).map(([type, [tag, { entries }]]) => [tag, { type, decode: decoderOf(entries, { type }) }]),
  )
  if (byTag.size !== Object.keys(variants).length) throw new Error('tagged: two variants share a tag')
  return {
    encode(writer, value) {
      const variant = Object.hasOwn(variants, value.type) ? variants[value.type] : undefined
      if (variant === undefined) throw new CodecError('bad-tag', `unknown variant ${value.type}`)
      writer.uint(variant[0], 1)
      inField(value.type, () => variant[1].encode(writer, value))
    },
    decode(reader) {
      const tag = reader.small(1)
      const variant = byTag.get(tag)
      if (variant === undefined) throw new CodecError('bad-tag', `unknown tag ${tag}`)
      return inField(variant.type, () => variant.decode(reader) as { type: string })
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
