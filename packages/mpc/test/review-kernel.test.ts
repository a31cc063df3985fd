import { describe, expect, it } from 'vitest'
import { kernel, put, take } from '../src/kernel/kernel.ts'
import { add, multiplyAdd, reduceSecret, subtract } from '../src/kernel/scalar.ts'
import { mod, ORDER, scalarBytes } from '../src/scalar.ts'
import { random } from './run.ts'

const FULL = 2n ** 256n
const big = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
/** Where carries, the top limb and the last subtraction are at their limits. */
const EDGES = [
  0n,
  1n,
  2n,
  ORDER - 1n,
  ORDER,
  ORDER + 1n,
  FULL - 1n,
  FULL - ORDER,
  2n ** 255n,
  2n ** 29n - 1n,
  2n ** 232n - 1n,
]

describe('scalars at their limits', () => {
  it('are what BigInt says, for any 256-bit inputs', () => {
    for (const a of EDGES) {
      for (const b of EDGES) {
        expect(big(subtract(scalarBytes(a), scalarBytes(b)))).toBe(mod(a - b))
        expect(big(add(scalarBytes(a), scalarBytes(b)))).toBe(mod(a + b))
        expect(big(reduceSecret(new Uint8Array([...scalarBytes(a), ...scalarBytes(b)])))).toBe(mod(a * FULL + b))
        for (const c of EDGES) {
          expect(big(multiplyAdd(scalarBytes(a), scalarBytes(b), scalarBytes(c)))).toBe(mod(a * b + c))
        }
      }
    }
  })
})

const ROWS = 416
const join = (values: readonly bigint[]): Uint8Array => Buffer.concat(values.map(scalarBytes))
const scalarAt = (bytes: Uint8Array, index: number): bigint => big(bytes.subarray(32 * index, 32 * index + 32))
const list = (count: number, value: (i: number) => bigint): bigint[] =>
  Array.from({ length: count }, (_, i) => value(i))
const at = (values: readonly bigint[], index: number): bigint => values[index] ?? 0n

/** Four pads of 32 bytes for each OT. */
const padBytes = join

describe.each([
  ['largest', () => FULL - 1n],
  ['zero', () => 0n],
  ['mixed', (i: number) => at(EDGES, i % EDGES.length)],
  ['random', () => big(random(32))],
] as const)('a multiplication of %s pads and canonical values', (_, value) => {
  // The largest canonical value in place of one that is not.
  const canonical = (i: number): bigint => (value(i) < ORDER ? value(i) % ORDER : ORDER - 1n)
  const gadget = list(ROWS, canonical)
  const [own, other] = [list(4 * ROWS, value), list(4 * ROWS, i => value(i + 5))]
  const inputs = list(4, canonical)
  const theta = list(4, canonical)
  const combine = (k: number, row: (i: number) => bigint): bigint =>
    row(2 + k) + at(theta, 2 * k) * row(0) + at(theta, 2 * k + 1) * row(1)
  const weigh = (row: (j: number) => bigint): bigint => mod(gadget.reduce((total, g, j) => total + g * row(j), 0n))
  put(kernel.matrix, join(gadget))
  kernel.loadGadget()
  const loaded = take(kernel.gadget, 72 * ROWS)

  it('is for Alice what BigInt says', () => {
    put(kernel.gadget, loaded)
    put(kernel.pads, padBytes(own))
    put(kernel.otherPads, padBytes(other))
    put(kernel.inputs, join(inputs))
    kernel.maskMatrix()
    const matrix = take(kernel.matrix, 128 * ROWS)
    put(kernel.theta, join(theta))
    kernel.aliceCheck()
    const [mu, outputs] = [take(kernel.mu, 64 * ROWS), take(kernel.outputs, 64)]
    const eta = take(kernel.eta, 64)
    for (const k of [0, 1]) expect(scalarAt(eta, k)).toBe(mod(combine(k, i => at(inputs, i))))
    kernel.clearMultiplication()
    for (let k = 0; k < 4 * ROWS; k++) {
      expect(scalarAt(matrix, k)).toBe(mod(at(own, k) - at(other, k) + at(inputs, k % 4)))
    }
    for (let j = 0; j < ROWS; j++) {
      for (const k of [0, 1]) expect(scalarAt(mu, 2 * j + k)).toBe(mod(combine(k, i => at(own, 4 * j + i))))
    }
    for (const i of [0, 1]) expect(scalarAt(outputs, i)).toBe(mod(-weigh(j => at(own, 4 * j + i))))
  })

  it.each([0, 255, 0x5a])('is for Bob what BigInt says, with choice bytes %i', byte => {
    const matrix = list(4 * ROWS, canonical)
    const eta = [canonical(9), canonical(2)]
    const bit = (j: number): bigint => BigInt((byte >> (j & 7)) & 1)
    const entry = (j: number, i: number): bigint => at(own, 4 * j + i) + bit(j) * at(matrix, 4 * j + i)
    put(kernel.gadget, loaded)
    put(kernel.pads, padBytes(own))
    put(kernel.matrix, join(matrix))
    put(kernel.choiceBits, new Uint8Array(52).fill(byte))
    put(kernel.theta, join(theta))
    put(kernel.eta, join(eta))
    kernel.bobCheck()
    const [mu, outputs] = [take(kernel.mu, 64 * ROWS), take(kernel.outputs, 64)]
    kernel.chosenSum()
    expect(big(take(kernel.outputs, 32))).toBe(weigh(bit))
    kernel.clearMultiplication()
    for (let j = 0; j < ROWS; j++) {
      for (const k of [0, 1]) {
        expect(scalarAt(mu, 2 * j + k)).toBe(mod(combine(k, i => entry(j, i)) - bit(j) * at(eta, k)))
      }
    }
    for (const i of [0, 1]) expect(scalarAt(outputs, i)).toBe(weigh(j => entry(j, i)))
  })
})
