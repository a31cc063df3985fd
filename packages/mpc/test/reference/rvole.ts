import { concat, u32 } from '../../src/bytes.ts'
import { hash, hash64, indexBytes } from '../../src/hash.ts'
import { blake3Keyed } from '../../src/kernel/blake3.ts'
import { CHOICES, PAD_LENGTH } from '../../src/ot-extension.ts'
import { mod, parseScalar, reduce, reduceWide, scalarBytes } from '../../src/scalar.ts'
import { never } from '../cheats.ts'

/** SPEC.md section 6 in BigInt, as it reads: what wasm/rvole.ts is compared with, and what cheats are made from. */
const at = (values: readonly bigint[], i: number): bigint => values[i] ?? never()
const rows = Array.from({ length: CHOICES }, (_, j) => j)

export const gadget = (pairSession: Uint8Array, chooser: number): bigint[] => {
  const key = hash('rvole/gadget', pairSession, indexBytes([chooser]))
  return rows.map(j => reduceWide(blake3Keyed(key, Uint8Array.of(j, j >> 8, 0, 0), 1)))
}

const PRODUCTS = [0, 1]
const CHECKS = [0, 1]
const WIDTH = 4

/** The four scalars of each pad, row by row. */
export const padScalars = (pads: Uint8Array): bigint[] =>
  rows.flatMap(j => [0, 1, 2, 3].map(i => reduce(pads, j * PAD_LENGTH + 32 * i)))

/** theta[k][i] for check column k and product i. */
const thetas = (runId: Uint8Array, matrix: Uint8Array): bigint[][] => {
  const seed = hash('rvole/theta', runId, matrix)
  return CHECKS.map(k => PRODUCTS.map(i => reduceWide(hash64('rvole/theta-scalar', seed, u32(2 * k + i)))))
}

/** values[2 + k] + sum of theta[k][i] · values[i]. */
const checked = (theta: readonly bigint[], k: number, values: readonly bigint[]): bigint =>
  PRODUCTS.reduce((sum, i) => sum + at(theta, i) * at(values, i), at(values, 2 + k))

const rowOf = (values: readonly bigint[], j: number): bigint[] => values.slice(WIDTH * j, WIDTH * (j + 1))

const muHash = (runId: Uint8Array, mu: readonly bigint[]): Uint8Array =>
  hash('rvole/mu', runId, concat(...mu.map(scalarBytes)))

/** Alice, who may put something else in the place of each part; all that follows from it as the protocol says. */
export const aliceReply = (
  runId: Uint8Array,
  weights: readonly bigint[],
  pads: readonly [Uint8Array, Uint8Array],
  inputs: readonly bigint[],
  change: (name: 'matrix' | 'eta' | 'mu', value: Uint8Array) => Uint8Array = (_name, value) => value,
): { reply: Uint8Array; output: [bigint, bigint] } => {
  const [pads0, pads1] = [padScalars(pads[0]), padScalars(pads[1])]
  const honest = concat(...pads0.map((pad, i) => scalarBytes(mod(pad - at(pads1, i) + at(inputs, i % WIDTH)))))
  const matrix = change('matrix', honest)
  const theta = thetas(runId, matrix)
  const mu = rows.flatMap(j => theta.map((ofColumn, k) => mod(checked(ofColumn, k, rowOf(pads0, j)))))
  const eta = theta.map((ofColumn, k) => scalarBytes(mod(checked(ofColumn, k, inputs))))
  const total = (i: number): bigint =>
    mod(-rows.reduce((sum, j) => sum + at(weights, j) * at(pads0, WIDTH * j + i), 0n))
  const reply = concat(matrix, change('eta', concat(...eta)), change('mu', muHash(runId, mu)))
  return { reply, output: [total(0), total(1)] }
}

/** Bob's shares, and the hash of mu that he expects. */
export const bobShares = (
  runId: Uint8Array,
  weights: readonly bigint[],
  pads: Uint8Array,
  choices: Uint8Array,
  reply: Uint8Array,
): { shares: [bigint, bigint]; mu: Uint8Array } => {
  const matrixBytes = reply.slice(0, CHOICES * WIDTH * 32)
  const matrix = Array.from({ length: WIDTH * CHOICES }, (_, i) => reduce(matrixBytes, 32 * i))
  const eta = CHECKS.map(k => {
    const start = matrixBytes.length + 32 * k
    return parseScalar(reply.slice(start, start + 32)) ?? never()
  })
  const theta = thetas(runId, matrixBytes)
  const bit = (j: number): bigint => BigInt(((choices[j >> 3] ?? 0) >> (j & 7)) & 1)
  const d = padScalars(pads).map((pad, i) => pad + bit(Math.floor(i / WIDTH)) * at(matrix, i))
  const mu = rows.flatMap(j => theta.map((ofColumn, k) => mod(checked(ofColumn, k, rowOf(d, j)) - bit(j) * at(eta, k))))
  const total = (i: number): bigint => mod(rows.reduce((sum, j) => sum + at(weights, j) * at(d, WIDTH * j + i), 0n))
  return { shares: [total(0), total(1)], mu: muHash(runId, mu) }
}
