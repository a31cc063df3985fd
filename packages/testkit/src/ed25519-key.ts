import { ed25519 } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat } from '@trivault/codec'

/** Ed25519 keys as scalars, in one hand: derived keys have no seed. */
const { Fn } = ed25519.Point

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)

export const scalarOf = (secret: Uint8Array): bigint => Fn.create(littleEndian(secret))

export const ed25519PublicKey = (scalar: bigint): Uint8Array => ed25519.Point.BASE.multiply(scalar).toBytes()

/** The child's private scalar at `path` (packages/mpc/SPEC.md, derivation for Ed25519). */
export function deriveScalar(secret: bigint, chainCode: Uint8Array, path: readonly number[]): bigint {
  let [scalar, code] = [secret, chainCode]
  for (const index of path) {
    const data = concat(ed25519PublicKey(scalar), Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index))
    const step = (kind: number): Uint8Array => hmac(sha512, code, concat(Uint8Array.of(kind), data))
    ;[scalar, code] = [Fn.create(scalar + littleEndian(step(0))), step(1).slice(0, 32)]
  }
  return scalar
}

/** RFC 8032, but for the nonce, which comes from scalar and message. */
export function signEd25519(scalar: bigint, message: Uint8Array): Uint8Array {
  const publicKey = ed25519PublicKey(scalar)
  const nonce = Fn.create(littleEndian(sha512(concat(Fn.toBytes(scalar), message))))
  const point = ed25519PublicKey(nonce)
  const challenge = Fn.create(littleEndian(sha512(concat(point, publicKey, message))))
  return concat(point, Fn.toBytes(Fn.create(nonce + challenge * scalar)))
}
