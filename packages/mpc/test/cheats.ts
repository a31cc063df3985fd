import { expect } from 'vitest'
import { concat, toWords } from '../src/bytes.ts'
import type { Failure, Random } from '../src/index.ts'
import type { Scalar } from '../src/kernel/scalar.ts'
import { parse, Refused } from '../src/layout.ts'
import { LEAVES, TREES } from '../src/pprf.ts'
import { type RvoleBob, rvoleReply } from '../src/rvole.ts'
import { mod, ORDER, parseScalar, reduceWide, scalarBytes } from '../src/scalar.ts'
import {
  challenge,
  checkHash,
  compressChoices,
  compressRows,
  expandLeaves,
  transpose,
} from './reference/ot-extension.ts'
import { type Intercept, random } from './run.ts'

export const HEADER = 20
export const CHEAT = 3
export const NOT_A_POINT = new Uint8Array(33)
export const roundOf = (frame: Uint8Array): number => frame[2] ?? 0

/** The cheat's frames of one round to `to` (default: everyone), body rewritten; all else is delivered unchanged. */
export const rewrite =
  (round: number, change: (body: Uint8Array, to: number) => Uint8Array, only?: number): Intercept =>
  (from, to, frame) =>
    from === CHEAT && roundOf(frame) === round && (only === undefined || to === only)
      ? concat(frame.slice(0, HEADER), change(frame.slice(HEADER), to))
      : frame

export const put = (body: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array => {
  const out = body.slice()
  out.set(bytes, offset)
  return out
}
export const flip = (body: Uint8Array, offset: number): Uint8Array =>
  put(body, offset, Uint8Array.of((body[offset] ?? 0) ^ 1))
export const addOne = (body: Uint8Array, offset: number): Uint8Array =>
  put(body, offset, scalarBytes(mod((parseScalar(body.slice(offset, offset + 32)) ?? 0n) + 1n)))
/** q + 1 as 32 bytes: a second encoding of 1. */
export const nonCanonical = (): Uint8Array => {
  const out = new Uint8Array(32)
  let value = ORDER + 1n
  for (let i = 31; i >= 0; i--, value >>= 8n) out[i] = Number(value & 255n)
  return out
}

/** A random source whose scalars (48-byte draws) are noted. */
export const recording =
  (drawn: bigint[]): Random =>
  n => {
    const bytes = random(n)
    if (n === 48) drawn.push(reduceWide(concat(new Uint8Array(16), bytes)))
    return bytes
  }

/** A random source whose first `count` scalars are minus those in `drawn`: what no party could know in time. */
export const negating = (drawn: readonly bigint[], count: number): Random => {
  let index = 0
  return n => {
    const value = n === 48 && index < count ? drawn[index++] : undefined
    return value === undefined ? random(n) : concat(new Uint8Array(16), scalarBytes(mod(-value)))
  }
}

export const namesTheCheat = (failure: Failure | undefined, check: string): void => {
  expect(failure).toEqual({ check, kind: 'accusation', party: CHEAT, suspects: [CHEAT] })
}

export const never = (): never => {
  throw new Error('unreachable')
}

/** Bob's shares out of the bytes of Alice's reply; undefined when it is not canonical, or inconsistent. */
export const finish = (bob: RvoleBob, reply: Uint8Array): [Scalar, Scalar] | undefined => {
  const parsed = parse(rvoleReply, reply)
  return parsed instanceof Refused ? undefined : bob.finish(parsed)
}

const WORDS = 17
const bytes = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer)

/** What a cheat puts in the place of a value that it just computed. */
export type Change = (name: 'corrections' | 'choiceCheck' | 'matrixCheck', value: Uint8Array) => Uint8Array

/** An OT extension request of a receiver who may cheat at each of its parts, and follows the protocol from there on. */
export const extensionRequest = (
  seeds: Uint8Array,
  runId: Uint8Array,
  choiceBytes: Uint8Array,
  change: Change,
): Uint8Array => {
  const choices = toWords(choiceBytes)
  const streams = expandLeaves(toWords(seeds), runId)
  const stride = streams.length / (TREES * LEAVES)
  const honest = new Uint32Array(TREES * WORDS)
  const columns = new Uint32Array(128 * WORDS)
  for (let tree = 0; tree < TREES; tree++) {
    for (let word = 0; word < WORDS; word++) {
      const leaf = (y: number): number => streams[(tree * LEAVES + y) * stride + word] ?? 0
      honest[tree * WORDS + word] = leaf(0) ^ leaf(1) ^ leaf(2) ^ leaf(3) ^ (choices[word] ?? 0)
      columns[2 * tree * WORDS + word] = leaf(1) ^ leaf(3)
      columns[(2 * tree + 1) * WORDS + word] = leaf(2) ^ leaf(3)
    }
  }
  const corrections = change('corrections', bytes(honest))
  const matrix = challenge(runId, corrections)
  return concat(
    corrections,
    change('choiceCheck', bytes(compressChoices(choices, matrix))),
    change('matrixCheck', checkHash(runId, compressRows(transpose(columns), matrix))),
  )
}

/**
 * An OT extension request in which the trees that `corrupt` names use choice bit 5 inverted. The cheat recomputes the
 * challenge and answers it with the values of its uncorrupted choices, so the check passes wherever the sender's delta is
 * zero in all corrupted trees.
 */
export const inconsistentRequest = (
  seeds: Uint8Array,
  runId: Uint8Array,
  corrupt: (tree: number) => boolean,
): Uint8Array =>
  extensionRequest(seeds, runId, random(WORDS * 4), (name, value) => {
    if (name !== 'corrections') return value
    const changed = value.slice()
    for (let tree = 0; tree < TREES; tree++) {
      const at = tree * WORDS * 4
      if (corrupt(tree)) changed[at] = (changed[at] ?? 0) ^ (1 << 5)
    }
    return changed
  })
