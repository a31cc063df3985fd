import { concat } from '@trivault/codec'
import { ChainError } from '../errors.ts'
import { bytesToUint, uintToBytes } from '../hex.ts'

/** Recursive Length Prefix (Ethereum Yellow Paper, appendix B): a byte string or a list of items. */
export type Rlp = Uint8Array | readonly Rlp[]

const maxDepth = 4

export function encodeRlp(item: Rlp): Uint8Array {
  if (item instanceof Uint8Array) {
    const [first] = item
    return item.length === 1 && first !== undefined && first < 0x80 ? item : concat(header(0x80, item.length), item)
  }
  const body = concat(...item.map(encodeRlp))
  return concat(header(0xc0, body.length), body)
}

/**
 * Decodes one item that fills `bytes`. Only the shortest form of every length is taken, so one value has one encoding.
 * Byte strings are views into `bytes`. Throws `ChainError` rlp_malformed, rlp_not_canonical.
 */
export function decodeRlp(bytes: Uint8Array): Rlp {
  const { item, next } = readItem(bytes, 0, bytes.length, 0)
  if (next !== bytes.length) throw new ChainError('rlp_malformed', `${bytes.length - next} bytes after the end`)
  return item
}

function readItem(bytes: Uint8Array, at: number, end: number, depth: number): { item: Rlp; next: number } {
  const prefix = bytes[at]
  if (prefix === undefined || at >= end) throw new ChainError('rlp_malformed', 'an item is missing')
  if (prefix < 0x80) return { item: bytes.subarray(at, at + 1), next: at + 1 }
  const isList = prefix >= 0xc0
  const short = prefix - (isList ? 0xc0 : 0x80)
  const { start, size } = short < 56 ? { start: at + 1, size: short } : longLength(bytes, at + 1, end, short - 55)
  const next = start + size
  if (next > end) throw new ChainError('rlp_malformed', 'an item is longer than what contains it')
  if (!isList) {
    if (size === 1 && (bytes[start] ?? 0) < 0x80)
      throw new ChainError('rlp_not_canonical', 'a byte below 0x80 stands for itself, without a prefix')
    return { item: bytes.subarray(start, next), next }
  }
  if (depth >= maxDepth) throw new ChainError('rlp_malformed', 'lists are nested too deeply')
  const items: Rlp[] = []
  for (let inner = start; inner < next; ) {
    const entry = readItem(bytes, inner, next, depth + 1)
    items.push(entry.item)
    inner = entry.next
  }
  return { item: items, next }
}

function longLength(bytes: Uint8Array, at: number, end: number, size: number): { start: number; size: number } {
  if (at + size > end) throw new ChainError('rlp_malformed', 'a length is cut off')
  if (bytes[at] === 0) throw new ChainError('rlp_not_canonical', 'a length has a leading zero')
  const length = bytesToUint(bytes.subarray(at, at + size))
  if (length < 56n) throw new ChainError('rlp_not_canonical', 'a length below 56 belongs into the prefix')
  if (length > BigInt(end)) throw new ChainError('rlp_malformed', 'an item is longer than what contains it')
  return { start: at + size, size: Number(length) }
}

function header(offset: number, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(offset + length)
  const size = uintToBytes(BigInt(length))
  return concat(Uint8Array.of(offset + 55 + size.length), size)
}
