import { basePoint, evaluateInExponent, isPoint, multiply, POINT_LENGTH, type Point, sum } from './curve.ts'
import { add, isScalar, multiplyAdd, randomSecret, type Scalar } from './kernel/scalar.ts'
import { reduceWide, scalarBytes } from './scalar.ts'
import type { Random } from './session.ts'

/**
 * What dealing of secrets needs of a prime-order group. Scalars are canonical encodings of 32 bytes, points canonical
 * encodings of `pointLength` bytes other than the identity, which is `undefined`.
 */
export interface Group {
  /** Goes into every hash of a protocol that runs over the group. */
  readonly name: string
  readonly pointLength: number
  /** Canonical and below the order; in time that does not depend on the bytes. */
  isScalar(bytes: Uint8Array): boolean
  randomScalar(random: Random): Scalar
  add(...terms: readonly Scalar[]): Scalar
  multiplyAdd(a: Scalar, b: Scalar, c: Scalar): Scalar
  /** A small public integer as a scalar. */
  scalarOf(value: number): Scalar
  /** 64 uniform public bytes as a scalar. */
  reduce(wide: Uint8Array): Scalar
  isPoint(bytes: Uint8Array): boolean
  /** secret · G. */
  base(scalar: Scalar): Point | undefined
  multiply(point: Point, scalar: Scalar): Point | undefined
  sum(...terms: readonly (Point | undefined)[]): Point | undefined
  /** Σ coefficients[k] · x^k. */
  evaluateInExponent(coefficients: readonly Point[], x: number): Point | undefined
}

export const secp256k1Group: Group = {
  name: 'secp256k1',
  pointLength: POINT_LENGTH,
  isScalar,
  randomScalar: randomSecret,
  add,
  multiplyAdd,
  scalarOf: value => scalarBytes(BigInt(value)),
  reduce: wide => scalarBytes(reduceWide(wide)),
  isPoint,
  base: basePoint,
  multiply,
  sum,
  evaluateInExponent,
}
