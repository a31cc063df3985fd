import { describe, expect, it } from 'vitest'
import { concat } from '../../src/bytes.ts'
import { HEADER_LENGTH } from '../../src/frame.ts'
import { ed25519Group, secp256k1Group } from '../../src/group.ts'
import { CHEAT, flip, never, put, roundOf } from '../cheats.ts'
import { frostScenario, keygenScenario, pairScenario, refreshScenario, signingScenario } from './scenarios.ts'

const FULL = process.env.TRIVAULT_ADVERSARY === 'full'

const scenarios = [
  keygenScenario(secp256k1Group, 3, 2),
  refreshScenario(ed25519Group, 3, 2),
  frostScenario(ed25519Group, 3, [1, 2, 3]),
  signingScenario(3, [1, 2, 3]),
  pairScenario(1),
  pairScenario(4),
]

type Frames = { home: Uint8Array; foreign: Uint8Array; another: Uint8Array; next: Uint8Array }
type Attack = {
  name: string
  /** What arrives in the place of the cheat's frame. */
  send: (frames: Frames) => Uint8Array | Uint8Array[]
  /** The only check that may fail, or what happens instead. */
  ends: string
}

const header = (frame: Uint8Array, at: number, value: number): Uint8Array => put(frame, at, Uint8Array.of(value))

const ATTACKS: Attack[] = [
  { name: 'one byte short', send: ({ home }) => home.slice(0, -1), ends: 'F.4 F.1' },
  { name: 'one byte long', send: ({ home }) => concat(home, Uint8Array.of(0)), ends: 'F.4' },
  { name: 'twice as long', send: ({ home }) => concat(home, home), ends: 'F.4' },
  { name: 'with 32 more bytes', send: ({ home }) => concat(home, new Uint8Array(32)), ends: 'F.4' },
  { name: 'shorter than a header', send: ({ home }) => home.slice(0, HEADER_LENGTH - 1), ends: 'F.1' },
  { name: 'empty', send: () => new Uint8Array(), ends: 'F.1' },
  { name: 'of another protocol', send: ({ home }) => header(home, 0, (home[0] ?? 0) + 1), ends: 'F.1' },
  { name: 'of another version', send: ({ home }) => header(home, 1, (home[1] ?? 0) + 1), ends: 'F.1' },
  { name: 'of round 0', send: ({ home }) => header(home, 2, 0), ends: 'F.3' },
  { name: 'of a round beyond the last', send: ({ home }) => header(home, 2, 9), ends: 'F.3' },
  { name: 'in the name of another party', send: ({ home }) => header(home, 3, 2), ends: 'F.2' },
  { name: 'in the name of party 0', send: ({ home }) => header(home, 3, 0), ends: 'F.2' },
  { name: 'that another party sent', send: ({ another }) => another, ends: 'F.2' },
  { name: 'of another session, left as it was', send: ({ foreign }) => foreign, ends: 'waits' },
  { name: 'repeated identically', send: ({ home }) => [home, home, home], ends: 'ok' },
  { name: 'and then a different one', send: ({ home }) => [home, flip(home, home.length - 1)], ends: 'F.5' },
  { name: 'withheld', send: () => [], ends: 'waits' },
]

describe.each(scenarios.map(scenario => [scenario.name, scenario] as const))('a frame in %s', (_name, scenario) => {
  const [victim] = scenario.honest
  const home = scenario.run({ seed: 'home' })
  const foreign = scenario.run({ seed: 'foreign' })
  const frameOf = (frames: typeof home.frames, from: number, round: number, to = victim): Uint8Array | undefined =>
    frames.find(sent => sent.from === from && sent.to === to && roundOf(sent.frame) === round)?.frame

  const attack = (round: number, send: (frames: Frames) => Uint8Array | Uint8Array[]) => {
    const third = scenario.honest.find(party => party !== victim)
    return scenario.run({
      seed: 'home',
      intercept: (from, to, frame) => {
        if (from !== CHEAT || to !== victim || roundOf(frame) !== round) return frame
        return send({
          home: frame,
          foreign: frameOf(foreign.frames, CHEAT, round) ?? never(),
          // Two parties: what the victim itself sent.
          another: frameOf(home.frames, third ?? victim, round, third === undefined ? CHEAT : victim) ?? never(),
          next: frameOf(home.frames, CHEAT, round === 1 ? 2 : round - 1) ?? never(),
        })
      },
    })
  }

  const rounds = scenario.messages.map(({ round }) => round)
  // Pair set-up costs most: a part of its attacks in `npm test`.
  const isChosen = (round: number, i: number): boolean => FULL || scenario.every < 14 || (i + round) % 4 === 0
  const cases = rounds.flatMap(round =>
    ATTACKS.flatMap((one, i) => (isChosen(round, i) ? [[one.name, round, one] as const] : [])),
  )
  it.each(cases)('%s, round %i', (_name, round, { send, ends }) => {
    const ended = attack(round, send)
    ended.expectCorrect()
    ended.expectSpent()
    const failure = ended.failures.get(victim ?? 0)
    if (ends === 'ok') expect([ended.failures.size, ended.results.size]).toEqual([0, scenario.honest.length])
    else if (ends === 'waits') expect([failure, ended.results.has(victim ?? 0)]).toEqual([undefined, false])
    else if (ends === 'F.5' && failure === undefined) {
      // The first one ended the session (or, without a body, only a tag is left to differ): the second came too late.
      expect(ended.results.has(victim ?? 0)).toBe(true)
    } else {
      expect(ends.split(' ')).toContain(failure?.check)
      const kind = ends === 'F.5' ? 'equivocation' : 'accusation'
      expect(failure).toMatchObject({ kind, party: CHEAT, suspects: [CHEAT] })
      expect(ended.results.has(victim ?? 0)).toBe(false)
    }
  })

  it.each(rounds)('of another session under this one’s tag never passes, round %i', round => {
    const ended = attack(round, ({ home: frame, foreign: other }) =>
      concat(frame.slice(0, HEADER_LENGTH), other.slice(HEADER_LENGTH)),
    )
    ended.expectCorrect()
    ended.expectSpent()
    // An empty body is the same in every session.
    const isEmpty = scenario.messages[round - 1]?.length === 0
    expect(ended.results.has(victim ?? 0)).toBe(isEmpty)
    for (const failure of ended.failures.values()) expect(failure.suspects).toContain(CHEAT)
  })

  it.each(rounds)('of another round under this one’s header never passes, round %i', round => {
    const ended = attack(round, ({ home: frame, next }) =>
      concat(frame.slice(0, HEADER_LENGTH), next.slice(HEADER_LENGTH)),
    )
    ended.expectCorrect()
    ended.expectSpent()
    expect(ended.results.has(victim ?? 0)).toBe(false)
    for (const failure of ended.failures.values()) expect(failure.suspects).toContain(CHEAT)
  })
})
