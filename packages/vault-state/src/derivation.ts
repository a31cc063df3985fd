import { ed25519 } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { HDKey } from '@scure/bip32'
import { addressOfKey, derivationPath, families, familyOf } from '@trivault/chains'
import { concat } from '@trivault/codec'
import { type Curve, VaultError } from '@trivault/protocol'
import { curveKeyOf } from './lookup.ts'
import type { MasterKey } from './state.ts'

type Extended = { publicKey: Uint8Array; chainCode: Uint8Array }

/** Child public key, non-hardened: BIP-32 on secp256k1, on Ed25519 the scheme of packages/mpc/SPEC.md. */
export function deriveChildKey(curve: Curve, key: Extended, path: readonly number[]): Uint8Array {
  return curve === 'ECDSA_SECP256K1' ? deriveSecp256k1(key, path) : deriveEd25519(key, path)
}

/** Key and canonical address of an account's index, below the active master key's share of the family's curve. */
export function deriveAddress(
  key: MasterKey,
  slip44: number,
  account: number,
  index: number,
): { publicKey: Uint8Array; address: string } {
  const family = familyOf(slip44)
  const { curve } = families[family]
  const publicKey = deriveChildKey(curve, curveKeyOf(key, curve), derivationPath(slip44, account, index))
  return { publicKey, address: addressOfKey(family, publicKey) }
}

function deriveSecp256k1({ publicKey, chainCode }: Extended, path: readonly number[]): Uint8Array {
  let key = new HDKey({ publicKey, chainCode })
  for (const step of path) key = key.deriveChild(step)
  if (key.publicKey === null) throw new VaultError('internal-error', 'derivation gave no public key')
  return key.publicKey
}

/** Child = parent + tweak · B, where the tweak is 64 bytes, little-endian, modulo the group's order. */
function deriveEd25519({ publicKey, chainCode }: Extended, path: readonly number[]): Uint8Array {
  let key: Extended = { publicKey, chainCode }
  for (const index of path) {
    const step = (kind: 0 | 1): Uint8Array =>
      hmac(sha512, key.chainCode, concat(Uint8Array.of(kind), key.publicKey, u32(index)))
    const tweak = ed25519.Point.Fn.create(littleEndian(step(0)))
    const child = ed25519.Point.fromBytes(key.publicKey).add(ed25519.Point.BASE.multiply(tweak))
    key = { publicKey: child.toBytes(), chainCode: step(1).slice(0, 32) }
  }
  return key.publicKey
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}
