import { describe, expect, it } from 'vitest'
import { PROTOCOL } from '../src/frame.ts'
import type { Failure } from '../src/index.ts'
import { check, RoundSession } from '../src/session.ts'
import { dealPairs, seeded, signSessions } from './run.ts'
import { digest, shares, signers } from './signing-fixture.ts'

const session = (complete: () => never, closed: (Failure | undefined)[]): RoundSession<never> =>
  new RoundSession({
    protocol: PROTOCOL.signing,
    self: 1,
    peers: [2, 3],
    tag: new Uint8Array(16),
    begin: () => new Map(),
    rounds: [{ bodyLength: 0, complete }],
    close: failure => void closed.push(failure),
  })
const never = (): never => {
  throw new Error('unreachable')
}
const frameOf = (from: number): Uint8Array => Uint8Array.from([PROTOCOL.signing, 2, 1, from, ...new Uint8Array(16)])

describe('an error that no check foresaw', () => {
  it('ends the session, closes it with every peer under suspicion, and is thrown on', () => {
    const closed: (Failure | undefined)[] = []
    const broken = session(() => {
      throw new RangeError('out of memory')
    }, closed)
    broken.start()
    broken.receive(2, frameOf(2))
    expect(() => broken.receive(3, frameOf(3))).toThrow(RangeError)
    expect(closed).toEqual([{ check: 'internal', kind: 'accusation', suspects: [2, 3] }])
    expect(broken.receive(2, frameOf(2))).toEqual({ out: [] })
    broken.abandon()
    expect(closed).toHaveLength(1)
  })

  it('destroys the OT state with every peer of a signing session', () => {
    const pairs = dealPairs(signers)
    const own = pairs.get(1)
    const victim = signSessions({ shares, pairs, signers, digest, source: seeded('internal'), only: [1] }).get(1)
    // The peers' frames are never parsed: the input is no bytes at all.
    expect(() => victim?.receive(2, undefined as unknown as Uint8Array)).toThrow(TypeError)
    expect([...(own?.values() ?? [])].map(pair => pair.usable)).toEqual([false, false])
  })
})

describe('a failed check', () => {
  it('names the party only where there is one suspect', () => {
    for (const suspects of [[2], [2, 3]]) {
      const closed: (Failure | undefined)[] = []
      const failing = session(() => {
        check(false, 'S4.2', ...suspects)
        throw new Error('unreachable')
      }, closed)
      failing.start()
      failing.receive(2, frameOf(2))
      const { failure } = failing.receive(3, frameOf(3))
      const named = suspects.length === 1 ? { party: 2 } : {}
      expect(failure).toEqual({ check: 'S4.2', kind: 'accusation', ...named, suspects })
      expect(closed).toEqual([failure])
    }
  })
})

describe('a session that is given up', () => {
  it('is closed once, with nobody under suspicion, and hears nothing more', () => {
    const closed: (Failure | undefined)[] = []
    const given = session(() => {
      throw new Error('no round is complete')
    }, closed)
    given.start()
    given.receive(2, frameOf(2))
    given.abandon()
    expect(closed).toEqual([undefined])
    expect(given.receive(3, frameOf(3))).toEqual({ out: [] })
    given.abandon()
    expect(closed).toHaveLength(1)
    expect(() => given.start()).toThrow('already started')
  })

  it('before its start never starts', () => {
    const closed: (Failure | undefined)[] = []
    const unused = session(() => {
      throw new Error('no round is complete')
    }, closed)
    unused.abandon()
    expect(closed).toEqual([undefined])
    expect(() => unused.start()).toThrow('already started')
  })
})

describe('what a round was given', () => {
  it('is erased after it, not only when the session ends', () => {
    const seen: Uint8Array[] = []
    const two = new RoundSession<never>({
      protocol: PROTOCOL.signing,
      self: 1,
      peers: [2],
      tag: new Uint8Array(16),
      begin: () => new Map(),
      rounds: [
        {
          bodyLength: 2,
          complete: bodies => {
            for (const body of bodies.values()) {
              expect(body).toEqual(Uint8Array.of(7, 8))
              seen.push(body)
            }
            return { send: new Map() }
          },
        },
        { bodyLength: 0, complete: never },
      ],
      close: () => undefined,
    })
    two.start()
    expect(two.receive(2, Uint8Array.from([...frameOf(2), 7, 8]))).toEqual({ out: [] })
    expect(seen).toEqual([new Uint8Array(2)])
  })
})

describe('frames before the start', () => {
  it('wait for it, then count', () => {
    let completed = 0
    const early = new RoundSession<string>({
      protocol: PROTOCOL.signing,
      self: 1,
      peers: [2, 3],
      tag: new Uint8Array(16),
      begin: () => new Map(),
      rounds: [{ bodyLength: 0, complete: () => ({ result: `round ${++completed}` }) }],
      close: () => undefined,
    })
    expect([early.receive(2, frameOf(2)), early.receive(3, frameOf(3))]).toEqual([{ out: [] }, { out: [] }])
    expect(completed).toBe(0)
    expect(early.start()).toEqual({ out: [], result: 'round 1' })
  })
})
