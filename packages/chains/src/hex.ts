import { fromHex, toHex } from '@trivault/codec'
import { ChainError } from './errors.ts'

/** Bytes of `0x` hex of either case. Throws `ChainError` hex_malformed. */
export function parseHex(text: string): Uint8Array {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(text))
    throw new ChainError('hex_malformed', 'hex with the prefix 0x and an even number of digits is expected')
  return fromHex(text)
}

/** Lower-case hex with the prefix `0x`. */
export function formatHex(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`
}

/** Unsigned big-endian integer of any length; empty is 0. */
export function bytesToUint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(formatHex(bytes))
}

/** Big-endian bytes without leading zero; 0 is empty. `value` must not be negative. */
export function uintToBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0)
  const digits = value.toString(16)
  return fromHex(digits.length % 2 === 0 ? digits : `0${digits}`)
}

/** 32 big-endian bytes: the EVM's word. `value` must lie in [0, 2^256). */
export function uintToWord(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0'))
}
