import { concat, fromUtf8, utf8 } from '@trivault/codec'
import { AttestationError } from './errors.ts'

/**
 * The part of CBOR (RFC 8949) that attestation documents use: integers, byte and text strings, arrays, maps, null and tag 18.
 * Shortest forms only, no duplicate keys, so that bytes have one reading; of indefinite length only maps, since newer Nitro
 * security modules send the payload so.
 */
export type Cbor = number | string | Uint8Array | null | readonly Cbor[] | CborMap
export type CborMap = ReadonlyMap<number | string, Cbor>

const maxDepth = 8
const tagCoseSign1 = 0xd2
const simpleNull = 0xf6
const indefiniteMap = 0xbf
const breakCode = 0xff

/** Reads one item that fills the input, optionally tagged COSE_Sign1. @throws AttestationError `malformed-document` */
export function decodeCbor(input: Uint8Array): Cbor {
  const reader = new Reader(input)
  if (input[0] === tagCoseSign1) reader.skip(1)
  const value = reader.item(0)
  if (!reader.done) throw malformed('bytes after the end')
  return value
}

const malformed = (what: string): AttestationError => new AttestationError('malformed-document', `CBOR: ${what}`)

class Reader {
  readonly #input: Uint8Array
  #position = 0

  constructor(input: Uint8Array) {
    this.#input = input
  }

  get done(): boolean {
    return this.#position === this.#input.length
  }

  skip(length: number): Uint8Array {
    const start = this.#position
    const end = start + length
    if (end > this.#input.length) throw malformed('cut short')
    this.#position = end
    return this.#input.slice(start, end)
  }

  item(depth: number): Cbor {
    if (depth > maxDepth) throw malformed('nested too deeply')
    const initial = this.skip(1)[0] ?? 0
    if (initial === simpleNull) return null
    if (initial === indefiniteMap) return this.#map(Number.POSITIVE_INFINITY, depth)
    const value = this.#argument(initial & 0x1f)
    switch (initial >> 5) {
      case 0:
        return value
      case 1:
        return -1 - value
      case 2:
        return this.skip(value)
      case 3:
        return this.#text(this.skip(value))
      case 4:
        return this.#list(value, depth)
      case 5:
        return this.#map(value, depth)
      default:
        throw malformed('unexpected type')
    }
  }

  #argument(info: number): number {
    if (info < 24) return info
    const width = [1, 2, 4, 8][info - 24]
    if (width === undefined) throw malformed('indefinite length or reserved form')
    const value = this.skip(width).reduce((sum, byte) => sum * 256 + byte, 0)
    if (!Number.isSafeInteger(value)) throw malformed('integer too large')
    const smallest = width === 1 ? 24 : 256 ** (width / 2)
    if (value < smallest) throw malformed('not the shortest form')
    return value
  }

  #text(bytes: Uint8Array): string {
    try {
      return fromUtf8(bytes)
    } catch (cause) {
      throw new AttestationError('malformed-document', 'CBOR: text is not UTF-8', { cause })
    }
  }

  /** Every item takes a byte at least, so a count beyond the input is refused before anything is allocated. */
  #list(count: number, depth: number): Cbor[] {
    if (count > this.#input.length - this.#position) throw malformed('cut short')
    return Array.from({ length: count }, () => this.item(depth + 1))
  }

  #map(count: number, depth: number): CborMap {
    const map = new Map<number | string, Cbor>()
    while (map.size < count) {
      if (count === Number.POSITIVE_INFINITY && this.#input[this.#position] === breakCode) {
        this.skip(1)
        break
      }
      const key = this.item(depth + 1)
      if (typeof key !== 'number' && typeof key !== 'string') throw malformed('map key is neither integer nor text')
      if (map.has(key)) throw malformed('duplicate map key')
      map.set(key, this.item(depth + 1))
    }
    return map
  }
}

/** Writes the same subset; maps keep their insertion order. */
export function encodeCbor(value: Cbor): Uint8Array {
  if (value === null) return Uint8Array.of(0xf6)
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return concat(head(3, utf8(value).length), utf8(value))
  if (value instanceof Uint8Array) return concat(head(2, value.length), value)
  if (value instanceof Map) {
    const entries = [...value].flatMap(([key, item]) => [encodeCbor(key), encodeCbor(item)])
    return concat(head(5, value.size), ...entries)
  }
  const items = value as readonly Cbor[]
  return concat(head(4, items.length), ...items.map(encodeCbor))
}

function head(type: number, value: number): Uint8Array {
  const major = type << 5
  if (value < 24) return Uint8Array.of(major | value)
  const width = value < 256 ? 1 : value < 65_536 ? 2 : value < 2 ** 32 ? 4 : 8
  const bytes = new Uint8Array(1 + width)
  bytes[0] = major | (24 + Math.log2(width))
  for (let i = width, rest = value; i > 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  return bytes
}
