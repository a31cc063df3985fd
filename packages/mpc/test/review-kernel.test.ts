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

/** Three pads of 32 bytes in each 128. */
const padBytes = (pads: readonly bigint[]): Uint8Array =>
  Buffer.concat(list(ROWS, BigInt).map((_, j) => Buffer.concat([join(pads.slice(3 * j, 3 * j + 3)), Buffer.alloc(32)])))

describe.each([
  ['largest', () => FULL - 1n],
  ['zero', () => 0n],
  ['mixed', (i: number) => at(EDGES, i % EDGES.length)],
  ['random', () => big(random(32))],
] as const)('a multiplication of %s pads and canonical values', (_, value) => {
  // The largest canonical value in place of one that is not.
  const canonical = (i: number): bigint => (value(i) < ORDER ? value(i) % ORDER : ORDER - 1n)
  const gadget = list(ROWS, canonical)
  const [own, other] = [list(3 * ROWS, value), list(3 * ROWS, i => value(i + 5))]
  const inputs = list(3, canonical)
  const theta = list(2, canonical)
  const combine = (row: (i: number) => bigint): bigint => row(2) + at(theta, 0) * row(0) + at(theta, 1) * row(1)
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
    const matrix = take(kernel.matrix, 96 * ROWS)
    put(kernel.theta, join(theta))
    kernel.aliceCheck()
    const [mu, outputs] = [take(kernel.mu, 32 * ROWS), take(kernel.outputs, 64)]
    expect(big(take(kernel.eta, 32))).toBe(mod(combine(i => at(inputs, i))))
    kernel.clearMultiplication()
    for (let k = 0; k < 3 * ROWS; k++) {
      expect(scalarAt(matrix, k)).toBe(mod(at(own, k) - at(other, k) + at(inputs, k % 3)))
    }
    for (let j = 0; j < ROWS; j++) expect(scalarAt(mu, j)).toBe(mod(combine(i => at(own, 3 * j + i))))
    for (const i of [0, 1]) expect(scalarAt(outputs, i)).toBe(mod(-weigh(j => at(own, 3 * j + i))))
  })

  it.each([0, 255, 0x5a])('is for Bob what BigInt says, with choice bytes %i', byte => {
    const matrix = list(3 * ROWS, canonical)
    const eta = canonical(9)
    const bit = (j: number): bigint => BigInt((byte >> (j & 7)) & 1)
    const entry = (j: number, i: number): bigint => at(own, 3 * j + i) + bit(j) * at(matrix, 3 * j + i)
    put(kernel.gadget, loaded)
    put(kernel.pads, padBytes(own))
    put(kernel.matrix, join(matrix))
    put(kernel.choiceBits, new Uint8Array(52).fill(byte))
    put(kernel.theta, join(theta))
    put(kernel.eta, scalarBytes(eta))
    kernel.bobCheck()
    const [mu, outputs] = [take(kernel.mu, 32 * ROWS), take(kernel.outputs, 64)]
    kernel.chosenSum()
    expect(big(take(kernel.outputs, 32))).toBe(weigh(bit))
    kernel.clearMultiplication()
    for (let j = 0; j < ROWS; j++) {
      expect(scalarAt(mu, j)).toBe(mod(combine(i => entry(j, i)) - bit(j) * eta))
    }
    for (const i of [0, 1]) expect(scalarAt(outputs, i)).toBe(weigh(j => entry(j, i)))
  })
})
