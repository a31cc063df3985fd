import { ed25519 } from '@noble/curves/ed25519.js'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { expect } from 'vitest'
import { concat } from '../../src/bytes.ts'
import type { Group } from '../../src/group.ts'
import { hash } from '../../src/hash.ts'
import {
  createFrostSigning,
  createKeygen,
  createPairSetup,
  createRefresh,
  createSigning,
  decodeKeyShare,
  deriveSchnorrKey,
  encodeKeyShare,
  type Failure,
  type SchnorrSignature,
  type Session,
} from '../../src/index.ts'
import { type KeyShare, keyReport } from '../../src/keyshare.ts'
import type { OtPair } from '../../src/pair-state.ts'
import { CHEAT, never } from '../cheats.ts'
import { dealPairs, type Intercept, keygenSessions, range, run, seeded } from '../run.ts'
import { frostPlayer } from './frost-player.ts'
import { pairPlayer } from './pair-player.ts'
import type { Choose } from './player.ts'
import {
  frostMessages,
  keygenMessages,
  type Message,
  pairMessages,
  refreshMessages,
  signingMessages,
} from './schema.ts'
import { keygenPlayer, refreshPlayer } from './sharing-player.ts'
import { signingPlayer } from './signing-player.ts'

export type Frame = { from: number; to: number; frame: Uint8Array }

export type Ended = {
  frames: Frame[]
  /** Of the honest parties. */
  results: ReadonlyMap<number, unknown>
  failures: ReadonlyMap<number, Failure>
  sessions: ReadonlyMap<number, Session<unknown>>
  /** Throws where an honest party has a wrong result. */
  expectCorrect: () => void
  /** Throws where state that a failure spoiled could be used again. */
  expectSpent: () => void
}

/** One protocol with one cheat; equal seeds make equal runs. */
export type Scenario = {
  name: string
  honest: readonly number[]
  /** `npm test` runs each attack (1), or one of so many. */
  every: number
  /** What the cheat sends, by round. */
  messages: readonly Message[]
  /** The cheat's session is an honest one, whose frames `intercept` may change, or a player that `choose`s. */
  run: (options: { seed: string; intercept?: Intercept; choose?: Choose }) => Ended
}

const source = (seed: string, party: number) => seeded(`${seed}/${party}`)
const idOf = (seed: string): Uint8Array => hash('test/session', new TextEncoder().encode(seed))

const play = (
  honest: readonly number[],
  sessions: ReadonlyMap<number, Session<unknown>>,
  intercept: Intercept = (_from, _to, frame) => frame,
) => {
  const frames: Frame[] = []
  const outcome = run(sessions, (from, to, frame) => {
    frames.push({ from, to, frame: frame.slice() })
    return intercept(from, to, frame)
  })
  const ofHonest = <T>(all: ReadonlyMap<number, T>): Map<number, T> =>
    new Map([...all].filter(([party]) => honest.includes(party)))
  return { frames, results: ofHonest(outcome.results), failures: ofHonest(outcome.failures), sessions }
}

const expectEqualReports = (results: ReadonlyMap<number, unknown>): void => {
  const shares = [...results.values()] as KeyShare[]
  for (const share of shares) {
    expect(keyReport(share)).toEqual(keyReport(shares[0] ?? never()))
    // Fits its public share, and the public shares fit the key: decoding requires both.
    expect(decodeKeyShare(encodeKeyShare(share))).toEqual(share)
  }
}

const expectNoResult = (failures: ReadonlyMap<number, Failure>, results: ReadonlyMap<number, unknown>): void =>
  expect([...failures.keys()].filter(party => results.has(party))).toEqual([])

export const keygenScenario = (group: Group, parties: number, threshold: number): Scenario => {
  const honest = range(parties).filter(party => party !== CHEAT)
  return {
    name: `key generation on ${group.name}, ${threshold} of ${parties}`,
    honest,
    every: 2,
    messages: keygenMessages(group, parties, threshold),
    run({ seed, intercept, choose }) {
      const common = { curve: group.name, group, parties, threshold, sessionId: idOf(seed) }
      const sessions = new Map<number, Session<unknown>>(
        range(parties).map(self => {
          const options = { ...common, self, random: source(seed, self) }
          return [self, choose && self === CHEAT ? keygenPlayer({ ...options, choose }) : createKeygen(options)]
        }),
      )
      const ended = play(honest, sessions, intercept)
      return {
        ...ended,
        expectCorrect: () => expectEqualReports(ended.results),
        expectSpent: () => expectNoResult(ended.failures, ended.results),
      }
    },
  }
}

export const refreshScenario = (group: Group, parties: number, threshold: number): Scenario => {
  const honest = range(parties).filter(party => party !== CHEAT)
  const shares = run(keygenSessions(parties, threshold, undefined, undefined, group.name)).results
  const publicKey = shares.get(1)?.publicKey ?? never()
  return {
    name: `refresh on ${group.name}, ${threshold} of ${parties}`,
    honest,
    every: 2,
    messages: refreshMessages(group, parties, threshold),
    run({ seed, intercept, choose }) {
      const sessions = new Map<number, Session<unknown>>(
        range(parties).map(self => {
          const share = shares.get(self) ?? never()
          const options = { group, share, sessionId: idOf(seed), random: source(seed, self) }
          return [self, choose && self === CHEAT ? refreshPlayer({ ...options, choose }) : createRefresh(options)]
        }),
      )
      const ended = play(honest, sessions, intercept)
      return {
        ...ended,
        expectCorrect() {
          expectEqualReports(ended.results)
          for (const share of ended.results.values()) expect((share as KeyShare).publicKey).toEqual(publicKey)
        },
        // The old shares are as they were.
        expectSpent() {
          expectNoResult(ended.failures, ended.results)
          expectEqualReports(shares)
        },
      }
    },
  }
}

export const pairScenario = (honest: number): Scenario => ({
  name: `pair set-up with the ${honest < CHEAT ? 'higher' : 'lower'} index cheating`,
  honest: [honest],
  every: 14,
  messages: honest < CHEAT ? pairMessages.upper : pairMessages.lower,
  run({ seed, intercept, choose }) {
    const sessionId = idOf(seed)
    const cheat = { self: CHEAT, peer: honest, sessionId, random: source(seed, CHEAT) }
    const sessions = new Map<number, Session<unknown>>([
      [honest, createPairSetup({ self: honest, peer: CHEAT, sessionId, random: source(seed, honest) })],
      [CHEAT, choose ? pairPlayer({ ...cheat, choose }) : createPairSetup(cheat)],
    ])
    const ended = play([honest], sessions, intercept)
    return {
      ...ended,
      expectCorrect() {
        for (const state of ended.results.values()) expect((state as OtPair).usable).toBe(true)
      },
      expectSpent: () => expect([...ended.failures.keys()].filter(party => ended.results.has(party))).toEqual([]),
    }
  },
})

export const signingScenario = (threshold: number, signers: readonly number[]): Scenario => {
  const honest = signers.filter(party => party !== CHEAT)
  const shares = run(keygenSessions(3, threshold)).results
  const digest = hash('test/digest', Uint8Array.of(threshold))
  const publicKey = shares.get(1)?.publicKey ?? never()
  return {
    name: `signing, ${signers.length} of 3`,
    honest,
    every: 8,
    messages: signingMessages(signers.length),
    run({ seed, intercept, choose }) {
      const pairs = dealPairs(signers, seeded(`${seed}/dealer`))
      const sessions = new Map<number, Session<unknown>>(
        signers.map(self => {
          const own = { self, signers, share: shares.get(self) ?? never(), pairs: pairs.get(self) ?? never() }
          const options = { ...own, digest, sessionId: idOf(seed), random: source(seed, self) }
          return [
            self,
            choose && self === CHEAT ? signingPlayer({ ...options, choose }) : createSigning({ ...options, path: [] }),
          ]
        }),
      )
      const ended = play(honest, sessions, intercept)
      return {
        ...ended,
        expectCorrect() {
          const signatures = [...ended.results.values()] as { r: Uint8Array; s: Uint8Array }[]
          for (const { r, s } of signatures) {
            expect(secp256k1.verify(concat(r, s), digest, publicKey, { prehash: false, lowS: true })).toBe(true)
          }
        },
        expectSpent() {
          for (const [party, failure] of ended.failures) {
            const own = pairs.get(party) ?? never()
            for (const [peer, pair] of own) {
              expect([party, peer, pair.usable]).toEqual([party, peer, !failure.suspects.includes(peer)])
            }
          }
        },
      }
    },
  }
}

export const frostScenario = (group: Group, threshold: number, signers: readonly number[]): Scenario => {
  const honest = signers.filter(party => party !== CHEAT)
  const shares = run(keygenSessions(3, threshold, undefined, undefined, group.name)).results
  const path = [7]
  const message = hash('test/message', Uint8Array.of(threshold))
  const publicKey = deriveSchnorrKey(shares.get(1) ?? never(), path)
  const verify = group.name === 'ed25519' ? ed25519.verify : schnorr.verify
  return {
    name: `FROST on ${group.name}, ${signers.length} of 3`,
    honest,
    every: 2,
    messages: frostMessages(group, signers.length),
    run({ seed, intercept, choose }) {
      const sessions = new Map<number, Session<unknown>>(
        signers.map(self => {
          const share = shares.get(self) ?? never()
          const options = { self, signers, share, path, message, sessionId: idOf(seed), random: source(seed, self) }
          return [self, choose && self === CHEAT ? frostPlayer({ ...options, choose }) : createFrostSigning(options)]
        }),
      )
      const ended = play(honest, sessions, intercept)
      return {
        ...ended,
        expectCorrect() {
          for (const result of ended.results.values()) {
            expect(verify((result as SchnorrSignature).signature, message, publicKey)).toBe(true)
          }
        },
        expectSpent: () => expectNoResult(ended.failures, ended.results),
      }
    },
  }
}
