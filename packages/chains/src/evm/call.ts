import { concat } from '@trivault/codec'
import { bytesToUint, formatHex, uintToWord } from '../hex.ts'
import { addressBytes, formatAddress } from './address.ts'

type WordType = 'address' | 'uint256' | 'bool'

/** Call data in words. `amount` marks what counts in the called token's smallest unit. */
export interface DecodedCall {
  readonly name: string
  readonly words: readonly {
    readonly name: string
    readonly type: WordType
    readonly value: string | bigint | boolean
  }[]
}

// First four bytes of keccak-256 of the signature; a test computes them again.
const calls: Record<string, { name: string; words: readonly (readonly [name: string, type: WordType])[] }> = {
  '0xa9059cbb': {
    name: 'transfer',
    words: [
      ['to', 'address'],
      ['amount', 'uint256'],
    ],
  },
  '0x095ea7b3': {
    name: 'approve',
    words: [
      ['spender', 'address'],
      ['amount', 'uint256'],
    ],
  },
  '0x23b872dd': {
    name: 'transferFrom',
    words: [
      ['from', 'address'],
      ['to', 'address'],
      ['amount', 'uint256'],
    ],
  },
  '0x39509351': {
    name: 'increaseAllowance',
    words: [
      ['spender', 'address'],
      ['amount', 'uint256'],
    ],
  },
  '0xa457c2d7': {
    name: 'decreaseAllowance',
    words: [
      ['spender', 'address'],
      ['amount', 'uint256'],
    ],
  },
  '0xa22cb465': {
    name: 'setApprovalForAll',
    words: [
      ['operator', 'address'],
      ['approved', 'bool'],
    ],
  },
}

/** Words of call data that is exactly a known call: selector, then clean words, nothing else. Undefined otherwise. */
export function decodeCall(data: Uint8Array): DecodedCall | undefined {
  const call = data.length >= 4 ? calls[formatHex(data.subarray(0, 4))] : undefined
  if (call === undefined || data.length !== 4 + 32 * call.words.length) return undefined
  const words: DecodedCall['words'][number][] = []
  for (const [i, [name, type]] of call.words.entries()) {
    const value = readWord(type, data.subarray(4 + 32 * i, 36 + 32 * i))
    if (value === undefined) return undefined
    words.push({ name, type, value })
  }
  return { name: call.name, words }
}

/** Recipient and amount if the data is exactly `transfer(address,uint256)`: 68 bytes, clean padding. */
export function decodeTokenTransfer(data: Uint8Array): { destination: string; amount: bigint } | undefined {
  const call = decodeCall(data)
  const [to, amount] = call?.name === 'transfer' ? call.words : []
  if (typeof to?.value !== 'string' || typeof amount?.value !== 'bigint') return undefined
  return { destination: to.value, amount: amount.value }
}

/** Call data of `transfer(address,uint256)`. */
export function encodeTokenTransfer(destination: string, amount: bigint): Uint8Array {
  return concat(
    Uint8Array.of(0xa9, 0x05, 0x9c, 0xbb),
    new Uint8Array(12),
    addressBytes(destination),
    uintToWord(amount),
  )
}

function readWord(type: WordType, word: Uint8Array): string | bigint | boolean | undefined {
  if (type === 'address')
    return word.subarray(0, 12).every(byte => byte === 0) ? formatAddress(word.subarray(12)) : undefined
  const value = bytesToUint(word)
  if (type === 'uint256') return value
  return value > 1n ? undefined : value === 1n
}
