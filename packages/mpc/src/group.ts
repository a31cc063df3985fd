import { equalBytes, isZero } from './bytes.ts'
import { basePoint, curve, isPoint, multiply, POINT_LENGTH, type Point, sum } from './curve.ts'
import * as ed25519 from './ed25519.ts'
import { add, isScalar, multiplyAdd, randomSecret, type Scalar, subtract } from './kernel/scalar.ts'
import { lagrange, mod, ORDER, parseScalar, reduceWide, scalarBytes } from './scalar.ts'
import type { Random } from './session.ts'

/** The curves of master keys. */
export type Curve = 'secp256k1' | 'ed25519'

/**
 * What protocols need of a prime-order group. Scalars are canonical encodings of 32 bytes, points canonical encodings of
 * `pointLength` bytes other than the identity, which is `undefined`.
 */
export interface Group {
  /** Goes into every hash of a protocol that runs over the group. */
  readonly name: Curve
  readonly order: bigint
  readonly pointLength: number
  /** Canonical and below the order; in time that does not depend on the bytes. */
  isScalar(bytes: Uint8Array): boolean
  randomScalar(random: Random): Scalar
  add(...terms: readonly Scalar[]): Scalar
  subtract(a: Scalar, b: Scalar): Scalar
  /** a · b + c. */
  multiplyAdd(a: Scalar, b: Scalar, c?: Scalar): Scalar
  /** A public integer as a scalar. */
  scalarOf(value: number | bigint): Scalar
  /** The integer of a scalar that is public, or that an offline recovery opens. */
  valueOf(scalar: Scalar): bigint
  /** 64 uniform public bytes as a scalar. */
  reduce(wide: Uint8Array): Scalar
  /** Canonical, of the group's order, not the identity. */
  isPoint(bytes: Uint8Array): boolean
  /** secret · G. */
  base(scalar: Scalar): Point | undefined
  /** point · secret. */
  multiply(point: Point, scalar: Scalar): Point | undefined
  /** point · public scalar; undefined for zero, and for what is no point. */
  multiplyPublic(point: Point, scalar: Scalar): Point | undefined
  negate(point: Point): Point
  sum(...terms: readonly (Point | undefined)[]): Point | undefined
}

export const secp256k1Group: Group = {
  name: 'secp256k1',
  order: ORDER,
  pointLength: POINT_LENGTH,
  isScalar,
  randomScalar: randomSecret,
  add,
  subtract,
  multiplyAdd,
  scalarOf: value => scalarBytes(mod(BigInt(value))),
  valueOf: scalar => parseScalar(scalar) ?? 0n,
  reduce: wide => scalarBytes(reduceWide(wide)),
  isPoint,
  base: basePoint,
  multiply,
  multiplyPublic: (point, scalar) =>
    isZero(scalar) || !isPoint(point) ? undefined : curve.multiplyPublic(point, scalar),
  negate: point => curve.negate(point),
  sum,
}

export const ed25519Group: Group = {
  name: 'ed25519',
  order: ed25519.ED25519_ORDER,
  pointLength: ed25519.ED25519_POINT_LENGTH,
  isScalar: ed25519.isScalar,
  randomScalar: ed25519.randomScalar,
  add: ed25519.add,
  subtract: ed25519.subtract,
  multiplyAdd: ed25519.multiplyAdd,
  scalarOf: value => ed25519.scalarBytes(BigInt(value)),
  valueOf: ed25519.scalarValue,
  reduce: ed25519.reduceWide,
  isPoint: ed25519.isPoint,
  base: ed25519.basePoint,
  multiply: ed25519.multiply,
  multiplyPublic: ed25519.multiply,
  negate: ed25519.negate,
  sum: ed25519.sum,
}

const GROUPS: Readonly<Record<Curve, Group>> = { secp256k1: secp256k1Group, ed25519: ed25519Group }

export const groupOf = (curve: Curve): Group => GROUPS[curve]

export const isSamePoint = (a: Point | undefined, b: Point | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalBytes(a, b)

/** Σ coefficients[k] · x^k for secret coefficients and a small public x; nothing else of it stays in memory. */
export const evaluate = (group: Group, coefficients: readonly Scalar[], x: number): Scalar => {
  const at = group.scalarOf(x)
  let value = group.scalarOf(0)
  for (const coefficient of coefficients.toReversed()) {
    const next = group.multiplyAdd(value, at, coefficient)
    value.fill(0)
    value = next
  }
  return value
}

/** Σ coefficients[k] · x^k for points as coefficients and a small public x (Feldman evaluation). */
export const evaluateInExponent = (group: Group, coefficients: readonly Point[], x: number): Point | undefined => {
  let total: Point | undefined
  for (const coefficient of coefficients.toReversed()) {
    total = group.sum(total && (x === 1 ? total : group.multiplyPublic(total, group.scalarOf(x))), coefficient)
  }
  return total
}

/** The value at zero of the polynomial through the public shares of `indexes`. */
export const interpolateInExponent = (
  group: Group,
  indexes: readonly number[],
  publicShares: readonly Point[],
): Point | undefined =>
  group.sum(
    ...indexes.map(index => {
      const point = publicShares[index - 1]
      return point && group.multiplyPublic(point, group.scalarOf(lagrange(index, indexes, group.order)))
    }),
  )
