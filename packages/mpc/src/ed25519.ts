import { createRequire } from 'node:module'
import { ed25519 as noble } from '@noble/curves/ed25519.js'
import { equalBytes, isZero, plain } from './bytes.ts'
import type { CurveEngine, Point } from './curve.ts'
import { MpcError } from './errors.ts'
import type { Random } from './session.ts'

/**
 * The prime-order subgroup of edwards25519. Points are 32-byte encodings of RFC 8032, scalars 32 bytes little-endian below
 * the order. The identity, points of small or mixed order and second encodings are never accepted or returned.
 * `native` is libsodium through N-API: constant-time in its scalars. `fallback` is @noble/curves.
 */
export const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
export const ED25519_POINT_LENGTH = 32
const SCALAR_LENGTH = 32
type Scalar = Uint8Array

type Backend = {
  /** scalar · B, scalar in 1..order-1 and secret. */
  base(scalar: Scalar): Point
  /** scalar · point for a point of the subgroup and a scalar in 1..order-1; undefined for any other point. */
  multiply(point: Point, scalar: Scalar): Point | undefined
  /** a + b for points of the subgroup, which it does not check; undefined for the identity. */
  add(a: Point, b: Point): Point | undefined
  negate(point: Point): Point
  /** Canonical, in the subgroup, not the identity. */
  isPoint(bytes: Uint8Array): boolean
  /** 64 bytes, little-endian, modulo the order. */
  reduce(wide: Uint8Array): Scalar
  subtract(a: Scalar, b: Scalar): Scalar
  /** RFC 8032 without cofactor, canonical encodings only. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Point): boolean
}

type NativeModule = {
  crypto_core_ed25519_is_valid_point(point: Uint8Array): boolean
  crypto_core_ed25519_add(out: Uint8Array, a: Uint8Array, b: Uint8Array): void
  crypto_core_ed25519_sub(out: Uint8Array, a: Uint8Array, b: Uint8Array): void
  crypto_core_ed25519_scalar_reduce(out: Uint8Array, wide: Uint8Array): void
  crypto_core_ed25519_scalar_sub(out: Uint8Array, a: Uint8Array, b: Uint8Array): void
  crypto_scalarmult_ed25519_base_noclamp(out: Uint8Array, scalar: Uint8Array): void
  crypto_scalarmult_ed25519_noclamp(out: Uint8Array, scalar: Uint8Array, point: Uint8Array): void
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

const IDENTITY = Uint8Array.of(1, ...new Uint8Array(31))
const unlessIdentity = (point: Point): Point | undefined => (equalBytes(point, IDENTITY) ? undefined : point)

const nativeBackend = (lib: NativeModule): Backend => ({
  base: scalar => {
    const out = new Uint8Array(ED25519_POINT_LENGTH)
    lib.crypto_scalarmult_ed25519_base_noclamp(out, scalar)
    return out
  },
  multiply: (point, scalar) => {
    const out = new Uint8Array(ED25519_POINT_LENGTH)
    try {
      lib.crypto_scalarmult_ed25519_noclamp(out, scalar, point)
    } catch {
      return undefined
    }
    return out
  },
  add: (a, b) => {
    const out = new Uint8Array(ED25519_POINT_LENGTH)
    lib.crypto_core_ed25519_add(out, a, b)
    return unlessIdentity(out)
  },
  negate: point => {
    const out = new Uint8Array(ED25519_POINT_LENGTH)
    lib.crypto_core_ed25519_sub(out, IDENTITY, point)
    return out
  },
  isPoint: bytes => lib.crypto_core_ed25519_is_valid_point(bytes),
  reduce: wide => {
    const out = new Uint8Array(SCALAR_LENGTH)
    lib.crypto_core_ed25519_scalar_reduce(out, wide)
    return out
  },
  subtract: (a, b) => {
    const out = new Uint8Array(SCALAR_LENGTH)
    lib.crypto_core_ed25519_scalar_sub(out, a, b)
    return out
  },
  verify: (signature, message, publicKey) => lib.crypto_sign_verify_detached(signature, message, publicKey),
})

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).reverse().toString('hex')}`)
const toBytes = (value: bigint): Scalar =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse())
const modulo = (value: bigint): bigint => ((value % ED25519_ORDER) + ED25519_ORDER) % ED25519_ORDER

/** A point of the subgroup, or undefined: encodings that noble accepts but RFC 8032 does not are refused too. */
const nobleParse = (bytes: Uint8Array): InstanceType<typeof noble.Point> | undefined => {
  try {
    const point = noble.Point.fromBytes(bytes, false)
    const sound = !point.is0() && point.isTorsionFree() && equalBytes(point.toBytes(), bytes)
    return sound ? point : undefined
  } catch {
    return undefined
  }
}

/** The same operations by @noble/curves: oracle in tests, open and variable-time fallback where no native build exists. */
export const nobleEd25519: Backend = {
  base: scalar => noble.Point.BASE.multiply(toBigInt(scalar)).toBytes(),
  multiply: (point, scalar) => nobleParse(point)?.multiply(toBigInt(scalar)).toBytes(),
  add: (a, b) => unlessIdentity(noble.Point.fromBytes(a).add(noble.Point.fromBytes(b)).toBytes()),
  negate: point => noble.Point.fromBytes(point).negate().toBytes(),
  isPoint: bytes => nobleParse(bytes) !== undefined,
  reduce: wide => toBytes(toBigInt(wide) % ED25519_ORDER),
  subtract: (a, b) => toBytes(modulo(toBigInt(a) - toBigInt(b))),
  verify: (signature, message, publicKey) => {
    // Noble clears the cofactor: only for points of the subgroup that is the equation without it.
    const noncePoint = nobleParse(signature.subarray(0, ED25519_POINT_LENGTH))
    if (noncePoint === undefined || nobleParse(publicKey) === undefined) return false
    return noble.verify(signature, message, publicKey, { zip215: false })
  },
}

const load = (): { backend: Backend; engine: CurveEngine } => {
  try {
    const lib = createRequire(import.meta.url)('sodium-native') as NativeModule
    return { backend: nativeBackend(lib), engine: 'native' }
  } catch {
    return { backend: nobleEd25519, engine: 'fallback' }
  }
}

const loaded = load()
/** Which implementation of Ed25519 runs (`fallback` is variable-time); a node logs it at start. */
export const ed25519Engine: CurveEngine = loaded.engine
const backend = loaded.backend

const LARGEST = toBytes(ED25519_ORDER - 1n)

/** Is it 32 bytes below the order? In time that does not depend on the bytes. */
export const isScalar = (bytes: Uint8Array): boolean => {
  if (bytes.length !== SCALAR_LENGTH) return false
  let borrow = 0
  for (let i = 0; i < SCALAR_LENGTH; i++) borrow = ((LARGEST[i] ?? 0) - (bytes[i] ?? 0) - borrow) >>> 31
  return borrow === 0
}

/** A canonical point of the subgroup other than the identity. */
export const isPoint = (bytes: Uint8Array): boolean =>
  bytes.length === ED25519_POINT_LENGTH && backend.isPoint(plain(bytes))

/** 64 bytes, little-endian, modulo the order; the bytes may be secret. */
export const reduceWide = (wide: Uint8Array): Scalar => backend.reduce(wide)

/** A public integer modulo the order. */
export const scalarBytes = (value: bigint): Scalar => toBytes(modulo(value))

/** The value of a scalar that is public, or opened. */
export const scalarValue = (scalar: Scalar): bigint => toBigInt(scalar)

const LIMBS = 16

/** 16-bit limbs as doubles: their sums of products stay below 2^37, so no operation depends on the size of a value. */
const limbsOf = (bytes: Scalar): Float64Array => {
  const limbs = new Float64Array(LIMBS)
  for (let i = 0; i < LIMBS; i++) limbs[i] = (bytes[2 * i] ?? 0) + 256 * (bytes[2 * i + 1] ?? 0)
  return limbs
}

/** a · b + c. */
export const multiplyAdd = (a: Scalar, b: Scalar, c?: Scalar): Scalar => {
  const [left, right] = [limbsOf(a), limbsOf(b)]
  const columns = new Float64Array(2 * LIMBS)
  if (c !== undefined) columns.set(limbsOf(c))
  for (let i = 0; i < LIMBS; i++) {
    const factor = left[i] ?? 0
    for (let j = 0; j < LIMBS; j++) columns[i + j] = (columns[i + j] ?? 0) + factor * (right[j] ?? 0)
  }
  const wide = new Uint8Array(4 * LIMBS)
  let carry = 0
  for (let i = 0; i < 2 * LIMBS; i++) {
    const value = (columns[i] ?? 0) + carry
    carry = Math.floor(value / 65536)
    const limb = value - carry * 65536
    wide[2 * i] = limb
    wide[2 * i + 1] = limb / 256
  }
  const result = backend.reduce(wide)
  for (const work of [left, right, columns]) work.fill(0)
  wide.fill(0)
  return result
}

/** Sum of the terms. */
export const add = (...terms: readonly Scalar[]): Scalar => {
  const wide = new Uint8Array(64)
  let carry = 0
  for (let i = 0; i < SCALAR_LENGTH; i++) {
    for (const term of terms) carry += term[i] ?? 0
    wide[i] = carry
    carry >>= 8
  }
  wide[SCALAR_LENGTH] = carry
  const result = backend.reduce(wide)
  wide.fill(0)
  return result
}

/** a - b. */
export const subtract = (a: Scalar, b: Scalar): Scalar => backend.subtract(a, b)

/** Uniform nonzero scalar from 48 random bytes (bias below 2^-128). */
export const randomScalar = (random: Random): Scalar => {
  const wide = new Uint8Array(64)
  wide.set(random(48))
  const value = backend.reduce(wide)
  wide.fill(0)
  if (isZero(value)) throw new MpcError('invalid-argument', 'the random source returned zeros')
  return value
}

/** scalar · B for a canonical scalar; undefined for zero. */
export const basePoint = (scalar: Scalar): Point | undefined => (isZero(scalar) ? undefined : backend.base(scalar))

/** scalar · point; undefined for zero, and for a point outside the subgroup. */
export const multiply = (point: Point, scalar: Scalar): Point | undefined =>
  isZero(scalar) ? undefined : backend.multiply(point, scalar)

/** Sum of points of the subgroup, where undefined stands for the identity. */
export const sum = (...terms: readonly (Point | undefined)[]): Point | undefined => {
  let total: Point | undefined
  for (const term of terms) {
    if (term !== undefined) total = total === undefined ? term : backend.add(total, term)
  }
  return total
}

export const negate = (point: Point): Point => backend.negate(point)

/** Ed25519 (RFC 8032, section 5.1.7) for a key of the subgroup: cofactorless, canonical encodings only. */
export const verify = (signature: Uint8Array, message: Uint8Array, publicKey: Point): boolean =>
  signature.length === 64 && backend.verify(signature, message, publicKey)
