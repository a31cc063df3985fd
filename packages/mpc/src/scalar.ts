import { MpcError } from './errors.ts'

/**
 * Arithmetic modulo the order q of secp256k1. Wire form: 32 bytes, big-endian, canonical (< q).
 * BigInt is variable-time: these functions are for public values. Secret scalars are in kernel/scalar.ts.
 */
export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
export const HALF_ORDER = ORDER >> 1n
export const SCALAR_LENGTH = 32

export const mod = (value: bigint, order = ORDER): bigint => {
  const reduced = value % order
  return reduced < 0n ? reduced + order : reduced
}

/** a^-1 modulo a prime order for a ≠ 0; for public or masked values (extended Euclid). */
export const invert = (a: bigint, order = ORDER): bigint => {
  let [r0, r1] = [order, mod(a, order)]
  let [t0, t1] = [0n, 1n]
  if (r1 === 0n) throw new MpcError('invalid-argument', 'zero has no inverse')
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[t0, t1] = [t1, t0 - quotient * t1]
  }
  return mod(t0, order)
}

/** For public values on their way between bytes and integers: a view of the bytes themselves would move them off the heap. */
const words = new DataView(new ArrayBuffer(SCALAR_LENGTH))
const wordBytes = new Uint8Array(words.buffer)

const readWords = (bytes: Uint8Array, offset: number): bigint => {
  if (bytes.length < offset + SCALAR_LENGTH) throw new RangeError('too few bytes for a scalar')
  for (let i = 0; i < SCALAR_LENGTH; i++) wordBytes[i] = bytes[offset + i] ?? 0
  return (
    (words.getBigUint64(0) << 192n) |
    (words.getBigUint64(8) << 128n) |
    (words.getBigUint64(16) << 64n) |
    words.getBigUint64(24)
  )
}

/** 32 bytes reduced mod q. For uniform bytes the bias is below 2^-127. */
export const reduce = (bytes: Uint8Array, offset = 0): bigint => {
  const value = readWords(bytes, offset)
  return value >= ORDER ? value - ORDER : value
}

/** 64 bytes reduced mod q. */
export const reduceWide = (bytes: Uint8Array): bigint =>
  ((readWords(bytes, 0) << 256n) | readWords(bytes, SCALAR_LENGTH)) % ORDER

/** Canonical scalar, or undefined when the bytes are not 32 or the value is not below q. */
export const parseScalar = (bytes: Uint8Array): bigint | undefined => {
  if (bytes.length !== SCALAR_LENGTH) return undefined
  const value = readWords(bytes, 0)
  return value < ORDER ? value : undefined
}

export const scalarBytes = (value: bigint): Uint8Array => {
  words.setBigUint64(0, value >> 192n)
  words.setBigUint64(8, (value >> 128n) & 0xffffffffffffffffn)
  words.setBigUint64(16, (value >> 64n) & 0xffffffffffffffffn)
  words.setBigUint64(24, value & 0xffffffffffffffffn)
  return wordBytes.slice()
}

/** Lagrange coefficient at zero of `index` among the distinct nonzero `indexes`. */
export const lagrange = (index: number, indexes: readonly number[], order = ORDER): bigint => {
  let numerator = 1n
  let denominator = 1n
  for (const other of indexes) {
    if (other === index) continue
    numerator = mod(numerator * BigInt(other), order)
    denominator = mod(denominator * BigInt(other - index), order)
  }
  return mod(numerator * invert(denominator, order), order)
}
