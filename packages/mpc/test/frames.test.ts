import { describe, expect, it } from 'vitest'
import { concat } from '../src/bytes.ts'
import { MpcError, type Session, type Signature } from '../src/index.ts'
import { CHEAT, flip, HEADER, namesTheCheat, never, put, roundOf } from './cheats.ts'
import { codeOf } from './code-of.ts'
import { dealPairs, type Intercept, random, run, signSessions } from './run.ts'
import { digest, shares, signers, signWith } from './signing-fixture.ts'

describe('frames', () => {
  const signOnce = (intercept: Intercept) => signWith(intercept)
  const whole =
    (round: number, change: (frame: Uint8Array) => Uint8Array): Intercept =>
    (from, to, frame) =>
      from === CHEAT && to === 1 && roundOf(frame) === round ? change(frame) : frame

  it.each([1, 2, 3, 4])('truncated, padded or empty in round %i', round => {
    const cases: [string, (frame: Uint8Array) => Uint8Array][] = [
      ['F.4', frame => frame.slice(0, -1)],
      ['F.4', frame => concat(frame, Uint8Array.of(0))],
      ['F.4', frame => frame.slice(0, HEADER)],
      ['F.1', frame => frame.slice(0, HEADER - 1)],
      ['F.1', () => new Uint8Array()],
    ]
    for (const [check, change] of cases) namesTheCheat(signOnce(whole(round, change)).failures.get(1), check)
  })

  it('of another protocol, version, sender or round', () => {
    const cases: [string, number, number][] = [
      ['F.1', 0, 1],
      ['F.1', 1, 9],
      ['F.2', 3, 2],
      ['F.3', 2, 0],
      ['F.3', 2, 5],
    ]
    for (const [check, offset, value] of cases) {
      const { failures } = signOnce(whole(1, frame => put(frame, offset, Uint8Array.of(value))))
      namesTheCheat(failures.get(1), check)
    }
  })

  it('two different ones for one round are an equivocation', () => {
    const { failures } = signOnce((from, to, frame) =>
      from === CHEAT && to === 1 && roundOf(frame) === 1 ? [frame, flip(frame, frame.length - 1)] : frame,
    )
    expect(failures.get(1)).toEqual({ check: 'F.5', kind: 'equivocation', party: CHEAT, suspects: [CHEAT] })
  })

  it('repeated identically are ignored', () => {
    const { results, failures } = signOnce((_from, _to, frame) => [frame, frame])
    expect([results.size, failures.size]).toEqual([3, 0])
  })

  it('of an earlier session are ignored, and rejected when relabelled', () => {
    const old: Uint8Array[] = []
    signOnce((from, to, frame) => {
      if (from === CHEAT && to === 1) old.push(frame)
      return frame
    })
    const replay = signOnce((from, to, frame) =>
      from === CHEAT && to === 1 ? (old[roundOf(frame) - 1] ?? never()) : frame,
    )
    expect([replay.failures.size, replay.results.size]).toEqual([0, 0])
    const expectations = ['S1.1', 'S2.1', 'S3.1', 'S4.2']
    for (const [index, check] of expectations.entries()) {
      const { failures } = signOnce(
        whole(index + 1, frame => concat(frame.slice(0, HEADER), (old[index] ?? never()).slice(HEADER))),
      )
      expect(failures.get(1)?.check).toBe(check)
    }
  })

  it('from strangers and after the end are ignored', () => {
    const sessions = signSessions({ shares, pairs: dealPairs(signers), signers, digest })
    const first: Session<Signature> = sessions.get(1) ?? never()
    expect(first.receive(4, new Uint8Array(3))).toEqual({ out: [] })
    const { results } = run(sessions)
    expect(results.size).toBe(3)
    expect(first.receive(CHEAT, new Uint8Array(3))).toEqual({ out: [] })
    expect(() => first.start()).toThrow(MpcError)
  })
})

describe('OT state', () => {
  it('is not serialisable', () => {
    const pair = dealPairs(signers).get(1)?.get(2) ?? never()
    expect(JSON.stringify(pair)).toBe('{"self":1,"peer":2}')
    const clone = structuredClone(pair)
    expect(Object.keys(clone)).toEqual(['self', 'peer'])
  })

  it('that another session destroyed ends the sessions still in their first round', () => {
    const pairs = dealPairs(signers)
    const sessions = signSessions({ shares, pairs, signers, digest })
    const { results, failures } = run(sessions, (from, to, frame) => {
      if (from === 2 && to === 1) pairs.get(1)?.get(CHEAT)?.destroy()
      return frame
    })
    // Who made that session fail may be another: nobody is accused, and the state with others stays.
    expect(failures.get(1)).toEqual({ check: 'S1.0', kind: 'accusation', suspects: [] })
    expect(results.size).toBe(0)
    expect(pairs.get(1)?.get(2)?.usable).toBe(true)
  })

  it('survives a session that was abandoned', () => {
    const pairs = dealPairs(signers)
    const sessions = signSessions({ shares, pairs, signers, digest })
    const abandoned = sessions.get(1) ?? never()
    const [frame] = sessions.get(2)?.start().out ?? []
    abandoned.start()
    abandoned.abandon()
    expect(abandoned.receive(2, frame?.frame ?? never())).toEqual({ out: [] })
    expect(run(signSessions({ shares, pairs, signers, digest })).results.size).toBe(3)
  })

  it('serves a session id once, and nothing after its destruction', () => {
    const pairs = dealPairs(signers)
    const sessionId = random(32)
    signSessions({ shares, pairs, signers, digest, sessionId })
    expect(codeOf(() => signSessions({ shares, pairs, signers, digest, sessionId }))).toBe('session-reused')
    expect(codeOf(() => signSessions({ shares, pairs, signers, digest: random(32), sessionId }))).toBe('session-reused')
    pairs.get(1)?.get(2)?.destroy()
    expect(codeOf(() => signSessions({ shares, pairs, signers, digest }))).toBe('pair-destroyed')
    expect(codeOf(() => signSessions({ shares, pairs: new Map(), signers, digest }))).toBe('invalid-argument')
    for (const bad of [
      [1, 2],
      [1, 1, 2],
      [3, 2, 1],
      [1, 2, 4],
      [0, 1, 2],
    ]) {
      expect(
        codeOf(() =>
          signSessions({
            shares: new Map([...shares, [0, shares.get(1) ?? never()], [4, shares.get(1) ?? never()]]),
            pairs,
            signers: bad,
            digest,
          }),
        ),
      ).toBe('invalid-argument')
    }
  })
})
