import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concat, equalBytes, fromBase64Url } from '@trivault/codec'

/** What the trusted packages use of node:crypto, for the browser. */
export function hash(algorithm: 'sha256', data: Uint8Array): Uint8Array {
  if (algorithm !== 'sha256') throw new TypeError(`${algorithm} is not here`)
  return sha256(data)
}

interface Ed25519Key {
  readonly bytes: Uint8Array
}

export function createPublicKey({ key }: { key: { x: string }; format: 'jwk' }): Ed25519Key {
  return { bytes: fromBase64Url(key.x) }
}

const { Point } = ed25519

/**
 * Ed25519 as OpenSSL checks it (RFC 8032 §5.1.7 without cofactor): S below the order, and R equal to S·B − k·A as bytes. A node's
 * key is canonical and of prime order, which the caller has checked.
 */
export function verify(_digest: null, message: Uint8Array, { bytes: key }: Ed25519Key, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  const [r, s] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))]
  const order = Point.Fn.ORDER
  if (s >= order) return false
  const k = littleEndian(sha512(concat(r, key, message))) % order
  const negated = Point.fromBytes(key).negate()
  const point = Point.BASE.multiplyUnsafe(s).add(negated.multiplyUnsafe(k))
  return equalBytes(point.toBytes(), r)
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
