import { describe, expect, it } from 'vitest'
import { concat, u32 } from '../src/bytes.ts'
import { hash, indexBytes } from '../src/hash.ts'
import {
  addOne,
  CHEAT,
  flip,
  HEADER,
  NOT_A_POINT,
  namesTheCheat,
  negating,
  never,
  nonCanonical,
  put,
  recording,
  rewrite,
  roundOf,
} from './cheats.ts'
import { keygenSessions, pairSessions, random, run } from './run.ts'

describe('key generation rejects', () => {
  // Three coefficient points, proof (point, scalar), chain code share, salt, then the share of the recipient.
  const at = { point: 0, proof: 99, response: 132, chainCode: 164, salt: 196, share: 228 }
  const sessionId = random(32)
  const session = hash('keygen/session', sessionId, indexBytes([3, 3]))
  const commitment = (opening: Uint8Array): Uint8Array =>
    hash('keygen/commitment', session, indexBytes([CHEAT]), opening)

  /** A cheat that commits to what it will open: its first-round frame waits for the changed opening. */
  const withCommittedOpening = (change: (opening: Uint8Array) => Uint8Array) => {
    const seed = random(32)
    const deterministic = () => {
      let counter = 0
      return (n: number): Uint8Array => {
        const blocks = Array.from({ length: Math.ceil(n / 32) }, () => hash('test/random', seed, u32(counter++)))
        return concat(...blocks).slice(0, n)
      }
    }
    let opening = new Uint8Array()
    let honest = new Uint8Array()
    const build = () => {
      const sessions = keygenSessions(3, 3, sessionId)
      sessions.set(CHEAT, keygenSessions(3, 3, sessionId, deterministic()).get(CHEAT) ?? never())
      return sessions
    }
    run(build(), (from, _to, frame) => {
      if (from === CHEAT && roundOf(frame) === 1) honest = frame.slice(HEADER)
      if (from === CHEAT && roundOf(frame) === 3) opening = frame.slice(HEADER, HEADER + at.share)
      return frame
    })
    const changed = change(opening)
    return run(build(), (from, to, frame) => {
      // The cheat's own session must go on believing in its first commitment.
      if (to === CHEAT && roundOf(frame) === 2) return put(frame, HEADER + 64, honest)
      if (from !== CHEAT) return frame
      if (roundOf(frame) === 1) return concat(frame.slice(0, HEADER), commitment(changed))
      if (roundOf(frame) === 2) return put(frame, HEADER + 64, commitment(changed))
      if (roundOf(frame) === 3) return put(frame, HEADER, changed)
      return frame
    })
  }

  it.each([
    ['an opening that does not fit the commitment', 'K3.1', rewrite(3, body => flip(body, at.salt))],
    ['a chain code share changed after commitment', 'K3.1', rewrite(3, body => flip(body, at.chainCode))],
    ['a wrong share', 'K3.5', rewrite(3, body => addOne(body, at.share), 1)],
    ['a non-canonical share', 'K3.4', rewrite(3, body => put(body, at.share, nonCanonical()), 1)],
    ['a proof of another final share', 'K4.1', rewrite(4, body => addOne(body, 33), 1)],
    ['a proof with an identity nonce', 'K4.1', rewrite(4, body => put(body, 0, NOT_A_POINT), 1)],
  ])('%s', (_name, check, intercept) => {
    const { failures } = run(keygenSessions(3, 3), intercept)
    namesTheCheat(failures.get(1), check)
  })

  it.each([
    ['an identity coefficient', 'K3.2', (opening: Uint8Array) => put(opening, at.point + 66, NOT_A_POINT)],
    [
      'a point that is not on the curve',
      'K3.2',
      (opening: Uint8Array) => put(opening, 34, new Uint8Array(32).fill(255)),
    ],
    ['a polynomial of another constant term', 'K3.3', (opening: Uint8Array) => put(opening, 0, opening.slice(33, 66))],
    ['a proof with a wrong response', 'K3.3', (opening: Uint8Array) => addOne(opening, at.response)],
    ['a non-canonical response', 'K3.3', (opening: Uint8Array) => put(opening, at.response, nonCanonical())],
    ['another polynomial than the shares', 'K3.5', (opening: Uint8Array) => put(opening, 66, opening.slice(33, 66))],
  ])('a committed %s', (_name, check, change) => {
    const { results, failures } = withCommittedOpening(change)
    namesTheCheat(failures.get(1), check)
    namesTheCheat(failures.get(2), check)
    expect(results.size).toBe(0)
  })

  it('an equivocating commitment before anyone opens', () => {
    const opened: number[] = []
    const { results, failures } = run(keygenSessions(3, 3), (from, to, frame) => {
      if (roundOf(frame) === 3) opened.push(from)
      return rewrite(1, body => flip(body, 0), 1)(from, to, frame)
    })
    expect(failures.get(1)).toMatchObject({ check: 'K2.1', suspects: expect.arrayContaining([CHEAT]) })
    expect(failures.get(2)).toMatchObject({ check: 'K2.1', suspects: expect.arrayContaining([CHEAT]) })
    expect(results.size).toBe(0)
    expect(opened.filter(party => party !== CHEAT)).toEqual([])
  })

  it('an echo that lies', () => {
    const { failures } = run(
      keygenSessions(3, 3),
      rewrite(2, body => flip(body, 0), 2),
    )
    expect(failures.get(2)).toMatchObject({ check: 'K2.1', suspects: [1, CHEAT] })
  })

  it('a key that is the identity', () => {
    const sessionId = random(32)
    const drawn: bigint[] = []
    const first = keygenSessions(2, 2, sessionId, recording(drawn)).get(1) ?? never()
    const second = keygenSessions(2, 2, sessionId, negating(drawn, 1)).get(2) ?? never()
    const { failures } = run(
      new Map([
        [1, first],
        [2, second],
      ]),
    )
    expect(failures.get(1)).toEqual({ check: 'K3.6', kind: 'accusation', party: 2, suspects: [2] })
  })

  it('parameters that make no sense', () => {
    for (const [parties, threshold, self] of [
      [1, 1, 1],
      [6, 3, 1],
      [3, 1, 1],
      [3, 4, 1],
      [3, 2, 4],
      [3, 2, 0],
    ] as const) {
      expect(() => keygenSessions(parties, threshold).get(self) ?? never()).toThrow()
    }
  })
})

describe('pair set-up rejects', () => {
  const [request, reply] = [128 * 66, 128 * 33]
  it.each([
    ['an OT request without a point', 'P1.1', 1, (body: Uint8Array) => put(body, 66, NOT_A_POINT)],
    ['an OT reply without a point', 'P2.2', 2, (body: Uint8Array) => put(body, 33, NOT_A_POINT)],
    ['a seed that was not committed to', 'P2.1', 2, (body: Uint8Array) => flip(body, body.length - 40)],
    ['another seed commitment', 'P2.1', 1, (body: Uint8Array) => flip(body, request)],
    ['a wrong check hash of a tree', 'P2.3', 2, (body: Uint8Array) => flip(body, reply + 96)],
    ['a wrong check sum of a tree', 'P2.3', 2, (body: Uint8Array) => flip(body, reply + 64)],
    ['another transcript', 'P3.1', 3, (body: Uint8Array) => flip(body, 0)],
  ])('%s', (_name, check, round, change) => {
    const { results, failures } = run(pairSessions(1, CHEAT), rewrite(round, change))
    namesTheCheat(failures.get(1), check)
    expect(results.has(1)).toBe(false)
  })

  it('tampered key messages of either kind at the confirmation', () => {
    // A request changed in transit is still a valid request: both sides then hold different transcripts.
    const { results, failures } = run(
      pairSessions(1, CHEAT),
      rewrite(1, body => put(body, 0, body.slice(66, 99))),
    )
    expect(failures.get(CHEAT)?.check ?? failures.get(1)?.check).toMatch(/^P[23]/)
    expect(results.size).toBe(0)
  })
})
