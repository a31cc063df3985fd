import { concat, isZero } from '../bytes.ts'
import { MpcError } from '../errors.ts'
import { ORDER, SCALAR_LENGTH, scalarBytes } from '../scalar.ts'
import { kernel, put, view } from './kernel.ts'

/**
 * Secret scalars modulo the order q of secp256k1: 32 bytes, big-endian, canonical. Fixed sequences of word operations in
 * WebAssembly; BigInt (src/scalar.ts) is for public values only.
 */
export type Scalar = Uint8Array

put(kernel.orderConstants, concat(scalarBytes(2n ** 522n % ORDER), scalarBytes(2n ** 261n % ORDER), scalarBytes(ORDER)))
kernel.loadOrder()

const ZERO = new Uint8Array(SCALAR_LENGTH)
const SHIFT = scalarBytes(2n ** 256n % ORDER)

const LARGEST = scalarBytes(ORDER - 1n)

/** Is it 32 bytes below q? In time that does not depend on the bytes. */
export const isScalar = (bytes: Uint8Array): boolean => {
  if (bytes.length !== SCALAR_LENGTH) return false
  let borrow = 0
  for (let i = SCALAR_LENGTH - 1; i >= 0; i--) borrow = ((LARGEST[i] ?? 0) - (bytes[i] ?? 0) - borrow) >>> 31
  return borrow === 0
}

const load = (...inputs: readonly Uint8Array[]): void => {
  for (const [i, input] of inputs.entries()) put({ value: kernel.inputs.value + i * SCALAR_LENGTH }, input)
}

const takeResult = (): Scalar => {
  const area = view(kernel.outputs, SCALAR_LENGTH)
  const result = area.slice()
  area.fill(0)
  return result
}

/** a · b + c. */
export const multiplyAdd = (a: Scalar, b: Scalar, c: Scalar = ZERO): Scalar => {
  load(a, b, c)
  kernel.multiplyAdd()
  return takeResult()
}

/** a - b. */
export const subtract = (a: Scalar, b: Scalar): Scalar => {
  load(a, b, ZERO)
  kernel.subtractAdd()
  return takeResult()
}

/** Sum of the terms. */
export const add = (...terms: readonly Scalar[]): Scalar => {
  let total: Scalar = ZERO.slice()
  for (const term of terms) {
    load(total, ZERO, term)
    kernel.subtractAdd()
    total.fill(0)
    total = takeResult()
  }
  return total
}

/** 64 bytes, big-endian, modulo q. */
export const reduceSecret = (wide: Uint8Array): Scalar =>
  multiplyAdd(wide.subarray(0, SCALAR_LENGTH), SHIFT, wide.subarray(SCALAR_LENGTH, 2 * SCALAR_LENGTH))

/** Uniform nonzero scalar from 48 random bytes (bias below 2^-128). */
export const randomSecret = (random: (n: number) => Uint8Array): Scalar => {
  const wide = new Uint8Array(64)
  wide.set(random(48), 16)
  const value = reduceSecret(wide)
  wide.fill(0)
  if (isZero(value)) throw new MpcError('invalid-argument', 'the random source returned zeros')
  return value
}
