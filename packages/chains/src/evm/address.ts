import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { toHex, utf8 } from '@trivault/codec'
import { ChainError } from '../errors.ts'

/** EIP-55 text of 20 bytes: a hex letter is upper case where the hash of the lower-case text has a high nibble. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length !== 20) throw new ChainError('address_malformed', 'an EVM address has 20 bytes')
  const lower = toHex(bytes)
  const hash = toHex(keccak_256(utf8(lower)))
  let out = '0x'
  for (let i = 0; i < 40; i++)
    out += Number.parseInt(hash.charAt(i), 16) >= 8 ? lower.charAt(i).toUpperCase() : lower.charAt(i)
  return out
}

/**
 * Canonical (EIP-55) text of an address. All lower or all upper case carries no checksum and is taken; mixed case must have
 * the right one. Throws `ChainError` address_malformed, address_checksum.
 */
export function parseAddress(text: string): string {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text))
    throw new ChainError('address_malformed', 'an EVM address is 0x followed by 40 hex digits')
  const digits = text.slice(2)
  const canonical = formatAddress(addressDigits(digits))
  const hasChecksum = digits !== digits.toLowerCase() && digits !== digits.toUpperCase()
  if (hasChecksum && text !== canonical)
    throw new ChainError('address_checksum', 'the address has a wrong checksum (EIP-55): a character was mistyped')
  return canonical
}

/** The 20 bytes of an address. Throws as `parseAddress`. */
export function addressBytes(text: string): Uint8Array {
  return addressDigits(parseAddress(text).slice(2))
}

/** Address of a secp256k1 public key, 33 or 65 bytes SEC 1. Throws `ChainError` public_key_malformed. */
export function addressOfPublicKey(publicKey: Uint8Array): string {
  let point: Uint8Array
  try {
    point = secp256k1.Point.fromBytes(publicKey).toBytes(false)
  } catch (cause) {
    throw new ChainError('public_key_malformed', 'a secp256k1 public key of 33 or 65 bytes is expected', { cause })
  }
  return formatAddress(keccak_256(point.subarray(1)).subarray(12))
}

/** Coin type of every EVM chain, test networks included: one key, and so one address, for all of them. */
export const evmSlip44 = 60

/**
 * Non-hardened path below a master key: [44, coin type, account index, address index], each below 2^31. Hardened steps need
 * the private key, which exists nowhere. Throws `ChainError` path_out_of_range.
 */
export function derivationPath(slip44: number, accountIndex: number, addressIndex: number): readonly number[] {
  const path = [44, slip44, accountIndex, addressIndex]
  for (const step of path)
    if (!Number.isInteger(step) || step < 0 || step >= 2 ** 31)
      throw new ChainError('path_out_of_range', 'a derivation step is an integer from 0 to 2^31 - 1')
  return path
}

function addressDigits(digits: string): Uint8Array {
  return Uint8Array.from({ length: 20 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}
