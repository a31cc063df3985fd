import { expect } from 'vitest'
import { concat } from '../src/bytes.ts'
import { MpcError } from '../src/index.ts'
import { random } from './run.ts'

/** xorshift32: quick, and a failure can be repeated from its seed. */
export const generator = (seed: number) => {
  let state = seed | 1
  return (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
export type Next = (below: number) => number

export const noise = (next: Next, length: number): Uint8Array => {
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => next(2 ** 32))
  return new Uint8Array(words.buffer, 0, length)
}

/** Both group orders and their neighbours, the fields' primes, nothing and everything: what canonical encodings end at. */
const EDGES = [
  'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
  'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140',
  'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f',
  'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010',
  'ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '00'.repeat(32),
  'ff'.repeat(32),
].map(hex => new Uint8Array(Buffer.from(hex, 'hex')))

const MUTATIONS = 12

/**
 * What a decoder meets: noise, and everything that is almost right.
 * @param other another valid message, to splice with
 */
export const hostile = (next: Next, model: Uint8Array, other: Uint8Array = model): Uint8Array => {
  const bytes = model.slice()
  // One time in four near the end, where the short fields of long messages are.
  const last = Math.max(0, bytes.length - 1)
  const at = next(4) === 0 ? last - next(Math.min(last, 127) + 1) : next(last + 1)
  switch (next(MUTATIONS)) {
    case 0:
      return noise(next, next(2 * bytes.length + 2))
    case 1:
      return noise(next, bytes.length)
    case 2:
      return bytes.slice(0, at)
    case 3:
      return concat(bytes, noise(next, 1 + next(64)))
    case 4:
      bytes.fill(next(256), at, at + 1 + next(40))
      return bytes
    case 5:
      bytes.set(noise(next, Math.min(32, bytes.length - at)), at)
      return bytes
    case 6:
      return concat(bytes.slice(at), bytes.slice(0, at))
    case 7:
      return concat(bytes.slice(0, at), bytes.slice(at + 1 + next(8)))
    case 8:
      return concat(bytes.slice(0, at), other.slice(at))
    case 9: {
      // Where fields begin: at multiples of a scalar's or a point's length from either end, with or without a prefix.
      const [step, start] = [32 + next(2), next(2)]
      const edge = EDGES[next(EDGES.length)] ?? noise(next, 32)
      const steps = step * Math.floor(at / step)
      const place = next(2) === 0 ? start + steps : Math.max(0, bytes.length - 32 - 32 * next(4))
      bytes.set(edge.subarray(0, Math.max(0, bytes.length - place)), Math.min(place, bytes.length))
      return bytes
    }
    case 10: {
      // A length or a count that promises more, or less.
      const value = next(2) === 0 ? next(2 ** 16) : 0xffff - next(4)
      bytes.set([value >> 8, value & 255].slice(0, bytes.length - (at & 3)), Math.min(at & 3, bytes.length))
      return bytes
    }
    default:
      if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8))
      return bytes
  }
}

/** Runs `act` on hostile bytes; anything but a value or an `MpcError` of these codes is a failure, and so is slowness. */
export const attack = (
  runs: number,
  models: readonly [Uint8Array, Uint8Array?],
  codes: readonly string[],
  act: (bytes: Uint8Array, next: Next) => unknown,
): void => {
  const seed = random(4).reduce((value, byte) => value * 256 + byte, 0)
  const next = generator(seed)
  const before = process.cpuUsage()
  for (let i = 0; i < runs; i++) {
    try {
      act(hostile(next, ...models), next)
    } catch (error) {
      const code = error instanceof MpcError ? error.code : error
      expect(codes, `seed ${seed}, run ${i}`).toContain(code)
    }
  }
  const { user, system } = process.cpuUsage(before)
  // Generous: the costliest of them opens or verifies a whole backup.
  expect((user + system) / 1000 / runs).toBeLessThan(20)
}
