import { base58 } from '@scure/base'
import { ChainError } from '../errors.ts'

/** Coin type of every Solana cluster, test networks included. */
export const solanaSlip44 = 501

const addressLength = 32

/** Base58 of 32 bytes: an Ed25519 public key, or an address that no key belongs to. */
export function formatSolanaAddress(bytes: Uint8Array): string {
  if (bytes.length !== addressLength)
    throw new ChainError('public_key_malformed', 'an Ed25519 public key of 32 bytes is expected')
  return base58.encode(bytes)
}

/** The 32 bytes of an address. Throws `ChainError` address_malformed. */
export function solanaAddressBytes(text: string): Uint8Array {
  try {
    // The longest 32 bytes take 44 digits: nothing longer is worth decoding.
    const bytes = text.length <= 44 ? base58.decode(text) : new Uint8Array()
    if (bytes.length === addressLength && base58.encode(bytes) === text) return bytes
  } catch {}
  throw new ChainError('address_malformed', 'a Solana address is 32 bytes in base58')
}

/** The address as it is: base58 of 32 bytes has one spelling. Throws as `solanaAddressBytes`. */
export function parseSolanaAddress(text: string): string {
  return formatSolanaAddress(solanaAddressBytes(text))
}
