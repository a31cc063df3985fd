import { createRequire } from 'node:module'
import { secp256k1 as noble } from '@noble/curves/secp256k1.js'
import { equalBytes, isZero } from './bytes.ts'
import { type Backend, type NativeModule, nativeBackend, type Point } from './native-curve.ts'
import { reduce, scalarBytes } from './scalar.ts'

/**
 * Points of secp256k1 as 33-byte compressed encodings; the identity has none and is never accepted or returned.
 * `native` is libsecp256k1 through N-API, whose multiplications here are constant-time; `fallback` is @noble/curves.
 */
export type { Point }
export type CurveEngine = 'native' | 'fallback'
export const POINT_LENGTH = 33

/** The same operations by @noble/curves: oracle in tests, open fallback where no native build exists. */
export const nobleBackend: Backend = {
  base: scalar => noble.Point.BASE.multiply(reduce(scalar)).toBytes(true),
  multiply: (point, scalar) => noble.Point.fromBytes(point).multiply(reduce(scalar)).toBytes(true),
  sum: points => {
    let total = noble.Point.ZERO
    for (const point of points) total = total.add(noble.Point.fromBytes(point))
    return total.is0() ? undefined : total.toBytes(true)
  },
  multiplyPublic: (point, scalar) => noble.Point.fromBytes(point).multiplyUnsafe(reduce(scalar)).toBytes(true),
  negate: point => noble.Point.fromBytes(point).negate().toBytes(true),
  isPoint: bytes => {
    try {
      noble.Point.fromBytes(bytes).assertValidity()
      return true
    } catch {
      return false
    }
  },
  verify: (signature, digest, publicKey) =>
    signature.length === 64 && noble.verify(signature, digest, publicKey, { prehash: false, lowS: true }),
  recover: (signature, recovery, digest) => {
    try {
      const parsed = noble.Signature.fromBytes(signature, 'compact').addRecoveryBit(recovery)
      return parsed.recoverPublicKey(digest).toBytes(false)
    } catch {
      return undefined
    }
  },
}

/**
 * The public key that made an ECDSA signature (SEC 1, section 4.1.6), 65 bytes, uncompressed; undefined when there is none, or a length is wrong.
 * libsecp256k1 where it is loaded. Throws nothing.
 * @param signature r ‖ s, 64 bytes, any s
 * @param recovery parity of the nonce point's Y
 * @param digest 32 bytes
 */
export const recoverPublicKey = (signature: Uint8Array, recovery: 0 | 1, digest: Uint8Array): Uint8Array | undefined =>
  signature.length === 64 && digest.length === 32 ? curve.recover(signature, recovery, digest) : undefined

const load = (): { backend: Backend; engine: CurveEngine } => {
  try {
    // The binding itself: the package's main file would silently fall back to variable-time JavaScript.
    const lib = createRequire(import.meta.url)('secp256k1/bindings') as NativeModule
    return { backend: nativeBackend(lib), engine: 'native' }
  } catch {
    return { backend: nobleBackend, engine: 'fallback' }
  }
}

const loaded = load()
/** Which implementation of secp256k1 runs (`fallback` is variable-time); a node logs it at start. */
export const engine: CurveEngine = loaded.engine
export const curve: Backend = loaded.backend

/** A canonical compressed point other than the identity. */
export const isPoint = (bytes: Uint8Array): boolean =>
  bytes.length === POINT_LENGTH && (bytes[0] === 2 || bytes[0] === 3) && curve.isPoint(bytes)

/** value · G; undefined for zero. Secret values come as 32 bytes, canonical. */
export const basePoint = (value: bigint | Uint8Array): Point | undefined => {
  const scalar = typeof value === 'bigint' ? scalarBytes(value) : value
  return isZero(scalar) ? undefined : curve.base(scalar)
}

/** value · point for a secret value; undefined for zero. */
export const multiply = (point: Point, value: bigint | Uint8Array): Point | undefined => {
  const scalar = typeof value === 'bigint' ? scalarBytes(value) : value
  return isZero(scalar) ? undefined : curve.multiply(point, scalar)
}

/** Sum of terms, where undefined stands for the identity. */
export const sum = (...terms: readonly (Point | undefined)[]): Point | undefined => {
  const points = terms.filter(term => term !== undefined)
  return points.length === 0 ? undefined : curve.sum(points)
}

export const samePoint = (a: Point | undefined, b: Point | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalBytes(a, b)
