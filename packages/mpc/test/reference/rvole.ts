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

/** The three scalars of each pad, row by row. */
export const padScalars = (pads: Uint8Array): bigint[] =>
  rows.flatMap(j => [0, 1, 2].map(i => reduce(pads, j * PAD_LENGTH + 32 * i)))

const thetas = (runId: Uint8Array, matrix: Uint8Array): [bigint, bigint] => {
  const seed = hash('rvole/theta', runId, matrix)
  const theta = (i: number): bigint => reduceWide(hash64('rvole/theta-scalar', seed, u32(i)))
  return [theta(0), theta(1)]
}

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
  const honest = concat(...pads0.map((pad, i) => scalarBytes(mod(pad - at(pads1, i) + at(inputs, i % 3)))))
  const matrix = change('matrix', honest)
  const [theta0, theta1] = thetas(runId, matrix)
  const mu = rows.map(j => mod(at(pads0, 3 * j + 2) + theta0 * at(pads0, 3 * j) + theta1 * at(pads0, 3 * j + 1)))
  const eta = mod(at(inputs, 2) + theta0 * at(inputs, 0) + theta1 * at(inputs, 1))
  const total = (i: number): bigint => mod(-rows.reduce((sum, j) => sum + at(weights, j) * at(pads0, 3 * j + i), 0n))
  const reply = concat(matrix, change('eta', scalarBytes(eta)), change('mu', muHash(runId, mu)))
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
  const matrixBytes = reply.slice(0, CHOICES * 96)
  const matrix = Array.from({ length: 3 * CHOICES }, (_, i) => reduce(matrixBytes, 32 * i))
  const eta = parseScalar(reply.slice(CHOICES * 96, CHOICES * 96 + 32)) ?? never()
  const [theta0, theta1] = thetas(runId, matrixBytes)
  const bit = (j: number): bigint => BigInt(((choices[j >> 3] ?? 0) >> (j & 7)) & 1)
  const d = padScalars(pads).map((pad, i) => pad + bit(Math.floor(i / 3)) * at(matrix, i))
  const mu = rows.map(j => mod(at(d, 3 * j + 2) + theta0 * at(d, 3 * j) + theta1 * at(d, 3 * j + 1) - bit(j) * eta))
  const total = (i: number): bigint => mod(rows.reduce((sum, j) => sum + at(weights, j) * at(d, 3 * j + i), 0n))
  return { shares: [total(0), total(1)], mu: muHash(runId, mu) }
}
