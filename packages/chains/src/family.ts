import type { Curve } from '@trivault/protocol'
import { ChainError } from './errors.ts'
import { addressOfPublicKey, evmSlip44, parseAddress } from './evm/address.ts'
import { formatSolanaAddress, parseSolanaAddress, solanaSlip44 } from './solana/address.ts'
import type { Family } from './types.ts'

/** Curve and coin type of each chain family: no two families share a key. */
export const families: Readonly<Record<Family, { readonly slip44: number; readonly curve: Curve }>> = {
  evm: { slip44: evmSlip44, curve: 'ECDSA_SECP256K1' },
  solana: { slip44: solanaSlip44, curve: 'EdDSA_Ed25519' },
}
export const familyNames = Object.keys(families) as Family[]

/** The family whose keys lie below a coin type. Throws `ChainError` family_unsupported. */
export function familyOf(slip44: number): Family {
  const family = familyNames.find(name => families[name].slip44 === slip44)
  if (family === undefined)
    throw new ChainError('family_unsupported', `coin type ${slip44} belongs to no supported family`)
  return family
}

/** Canonical address of a public key on the family's curve. Throws `ChainError` public_key_malformed. */
export function addressOfKey(family: Family, publicKey: Uint8Array): string {
  return family === 'evm' ? addressOfPublicKey(publicKey) : formatSolanaAddress(publicKey)
}

/** Canonical text of an address. Throws `ChainError` address_malformed, address_checksum. */
export function parseFamilyAddress(family: Family, text: string): string {
  return family === 'evm' ? parseAddress(text) : parseSolanaAddress(text)
}

/** Addresses compare by this text: case is a checksum where it is hexadecimal, and part of the address elsewhere. */
export function comparableAddress(text: string): string {
  return /^0x/i.test(text) ? text.toLowerCase() : text
}
