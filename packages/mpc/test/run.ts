import { randomBytes } from 'node:crypto'
import { u32 } from '../src/bytes.ts'
import { hash } from '../src/hash.ts'
import {
  type Curve,
  createKeygen,
  createPairSetup,
  createSigning,
  type Failure,
  type KeyShare,
  type PairState,
  type Random,
  type Session,
  type Signature,
  type Step,
} from '../src/index.ts'
import { OtPair } from '../src/pair-state.ts'
import { LEAVES, TREES } from '../src/pprf.ts'

export const random: Random = n => new Uint8Array(randomBytes(n))

/** The same bytes every time: for transcripts, and for runs that are repeated up to a certain point. */
export const seeded = (seed: string): Random => {
  let counter = 0
  const key = new TextEncoder().encode(seed)
  return n => {
    const out = new Uint8Array(32 * Math.ceil(n / 32))
    for (let at = 0; at < n; at += 32) out.set(hash('test/seeded', key, u32(counter++)), at)
    return out.slice(0, n)
  }
}

/** May change, drop (undefined) or duplicate what `from` sends to `to`. */
export type Intercept = (from: number, to: number, frame: Uint8Array) => Uint8Array | readonly Uint8Array[] | undefined

export type Outcome<T> = { results: Map<number, T>; failures: Map<number, Failure> }

/** Delivers frames between sessions until nothing moves. `pick` chooses the next frame of the queue. */
export const run = <T>(
  sessions: ReadonlyMap<number, Session<T>>,
  intercept: Intercept = (_from, _to, frame) => frame,
  pick: (length: number) => number = () => 0,
): Outcome<T> => {
  const results = new Map<number, T>()
  const failures = new Map<number, Failure>()
  const queue: { from: number; to: number; frame: Uint8Array }[] = []
  const take = (from: number, step: Step<T>): void => {
    if (step.result !== undefined) results.set(from, step.result)
    if (step.failure !== undefined) failures.set(from, step.failure)
    for (const { to, frame } of step.out) {
      const sent = intercept(from, to, frame)
      const frames = sent === undefined ? [] : sent instanceof Uint8Array ? [sent] : sent
      for (const one of frames) queue.push({ from, to, frame: one })
    }
  }
  for (const [index, session] of sessions) take(index, session.start())
  while (queue.length > 0) {
    const [next] = queue.splice(pick(queue.length), 1)
    const session = next && sessions.get(next.to)
    if (next && session) take(next.to, session.receive(next.from, next.frame))
  }
  return { results, failures }
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

export const keygenSessions = (
  parties: number,
  threshold: number,
  sessionId = random(32),
  source = random,
  curve: Curve = 'secp256k1',
): Map<number, Session<KeyShare>> =>
  new Map(
    range(parties).map(self => [self, createKeygen({ curve, self, parties, threshold, sessionId, random: source })]),
  )

export const keygen = (parties: number, threshold: number): Map<number, KeyShare> =>
  run(keygenSessions(parties, threshold)).results

export const pairSessions = (
  a: number,
  b: number,
  sessionId = random(32),
  source = random,
): Map<number, Session<PairState>> =>
  new Map([
    [a, createPairSetup({ self: a, peer: b, sessionId, random: source })],
    [b, createPairSetup({ self: b, peer: a, sessionId, random: source })],
  ])

export type Pairs = ReadonlyMap<number, ReadonlyMap<number, PairState>>

/** Pair states of everyone with everyone: pairs.get(self).get(peer). */
export const pairUp = (indexes: readonly number[]): Pairs => {
  const pairs = new Map(indexes.map(index => [index, new Map<number, PairState>()]))
  for (const a of indexes) {
    for (const b of indexes) {
      if (a >= b) continue
      const { results } = run(pairSessions(a, b))
      const [left, right] = [results.get(a), results.get(b)]
      if (left) pairs.get(a)?.set(b, left)
      if (right) pairs.get(b)?.set(a, right)
    }
  }
  return pairs
}

export type SignInput = {
  shares: ReadonlyMap<number, KeyShare>
  pairs: Pairs
  signers: readonly number[]
  path?: readonly number[]
  digest?: Uint8Array
  sessionId?: Uint8Array
  source?: Random
  /** Make the sessions of these signers only. */
  only?: readonly number[]
}

export const signSessions = ({
  shares,
  pairs,
  signers,
  path = [],
  digest = new Uint8Array(32).fill(7),
  sessionId = random(32),
  source = random,
  only = signers,
}: SignInput): Map<number, Session<Signature>> =>
  new Map(
    only.map(self => {
      const share = shares.get(self)
      if (share === undefined) throw new Error(`no share for ${self}`)
      return [
        self,
        createSigning({
          self,
          signers,
          share,
          pairs: pairs.get(self) ?? new Map(),
          path,
          digest,
          sessionId,
          random: source,
        }),
      ]
    }),
  )

/** What a trusted dealer would give a pair: `b` misses, in each tree of `a`, the leaf at its secret position. */
export const dealTrees = (source = random) => {
  const full = Array.from({ length: TREES }, () => Array.from({ length: LEAVES }, () => source(32)))
  const positions = source(TREES).map(byte => byte & 3)
  const punctured = full.map((leaves, tree) =>
    leaves.map((leaf, i) => (i === positions[tree] ? new Uint8Array(32) : leaf)),
  )
  return { full, positions, punctured }
}

type Dealt = { peer: number; state: () => OtPair }

/** What each party would hold; `state` can be called repeatedly, as if its memory had been copied. */
const deal = (indexes: readonly number[], source = random): Map<number, Dealt[]> => {
  const dealt = new Map(indexes.map(index => [index, [] as Dealt[]]))
  for (const a of indexes) {
    for (const b of indexes) {
      if (a >= b) continue
      const [ofA, ofB] = [dealTrees(source), dealTrees(source)]
      const common = () => ({ session: session.slice(), zeroSeed: zeroSeed.slice() })
      const [session, zeroSeed] = [source(32), source(32)]
      const toA = { full: ofA.full, punctured: ofB.punctured, positions: ofB.positions }
      const toB = { full: ofB.full, punctured: ofA.punctured, positions: ofA.positions }
      dealt.get(a)?.push({ peer: b, state: () => new OtPair({ self: a, peer: b, ...common(), ...toA }) })
      dealt.get(b)?.push({ peer: a, state: () => new OtPair({ self: b, peer: a, ...common(), ...toB }) })
    }
  }
  return dealt
}

const statesOf = (dealt: readonly Dealt[]): Map<number, OtPair> =>
  new Map(dealt.map(({ peer, state }) => [peer, state()]))

/** Pair states as `pairUp` makes them, from a dealer instead of the protocol: for tests that destroy many. */
export const dealPairs = (indexes: readonly number[], source = random): Map<number, Map<number, OtPair>> =>
  new Map([...deal(indexes, source)].map(([index, dealt]) => [index, statesOf(dealt)]))

/** Pair states of all, and two more copies of what `cloned` holds. */
export const dealPairsTwice = (indexes: readonly number[], cloned: number) => {
  const dealt = deal(indexes)
  const all = new Map([...dealt].map(([index, own]) => [index, statesOf(own)]))
  const copy = () => new Map([[cloned, statesOf(dealt.get(cloned) ?? [])]])
  return [all, { first: copy(), second: copy() }] as const
}
