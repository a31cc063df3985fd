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
