import { concat, equalBytes, fromHex } from '@trivault/codec'
import { sha256 } from '@trivault/protocol'

/** DigestInfo of a SHA-256 hash, without the hash (RFC 8017 section 9.2, note 1). */
const sha256Info = fromHex('3031300d060960864801650304020105000420')
const exponent = 65_537n

/**
 * RSASSA-PKCS1-v1_5 with SHA-256 and exponent 65537 (RFC 8017 section 8.2.2). The padded block is built and compared as a whole,
 * never parsed, so that no sloppy padding passes. Everything here is public: time does not matter.
 * @param modulus big-endian, 2048 to 4096 bits, without leading zeros; anything else verifies nothing.
 */
export function verifyRs256(modulus: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const size = modulus.length
  if (size < 256 || size > 512 || signature.length !== size) return false
  if ((modulus[0] ?? 0) < 0x80 || ((modulus[size - 1] ?? 0) & 1) === 0) return false
  const n = toNumber(modulus)
  const s = toNumber(signature)
  if (s >= n) return false
  const hash = sha256(message)
  const padding = new Uint8Array(size - sha256Info.length - hash.length - 3).fill(0xff)
  const expected = concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), sha256Info, hash)
  return equalBytes(toBytes(power(s, exponent, n), size), expected)
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function toNumber(bytes: Uint8Array): bigint {
  let out = 0n
  for (const byte of bytes) out = (out << 8n) | BigInt(byte)
  return out
}

function toBytes(value: bigint, size: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * size, '0'))
}
