import { describe, expect, it } from 'vitest'
import { answerRequest } from '../src/base-ot.ts'
import { concat } from '../src/bytes.ts'
import { secp256k1Group } from '../src/group.ts'
import { hash, indexBytes } from '../src/hash.ts'
import type { Session } from '../src/index.ts'
import { packLeaves } from '../src/pair-state.ts'
import { buildTrees } from '../src/pprf.ts'
import type { Choose } from './adversary/player.ts'
import { keygenPlayer } from './adversary/sharing-player.ts'
import {
  addOne,
  CHEAT,
  flip,
  HEADER,
  inconsistentRequest,
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
  const at = { chainCode: 164, salt: 196, share: 228 }

  /** A cheat that commits to another value of one field, and follows the protocol from there on. */
  const committing = (changed: string, element: number, change: (value: Uint8Array) => Uint8Array) => {
    const sessionId = random(32)
    const sessions = new Map<number, Session<unknown>>(keygenSessions(3, 3, sessionId))
    const choose: Choose = (field, value, where = {}) =>
      field === changed && (where.element ?? 0) === element ? change(value) : value
    const player = { group: secp256k1Group, self: CHEAT, parties: 3, threshold: 3, sessionId, random, choose }
    sessions.set(CHEAT, keygenPlayer(player))
    return run(sessions)
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

  const other = secp256k1Group.base(secp256k1Group.scalarOf(5)) ?? never()
  it.each([
    ['identity coefficient', 'K3.2', '3.coefficients', 2, () => NOT_A_POINT],
    ['point that is not on the curve', 'K3.2', '3.coefficients', 1, () => put(other, 1, new Uint8Array(32).fill(255))],
    ['polynomial of another constant term', 'K3.3', '3.coefficients', 0, () => other],
    ['proof with a wrong response', 'K3.3', '3.proofResponse', 0, (value: Uint8Array) => addOne(value, 0)],
    ['non-canonical response', 'K3.3', '3.proofResponse', 0, () => nonCanonical()],
    ['polynomial other than that of the shares', 'K3.5', '3.coefficients', 2, () => other],
  ])('a committed %s', (_name, check, field, element, change) => {
    const { results, failures } = committing(field, element, change)
    namesTheCheat(failures.get(1), check)
    namesTheCheat(failures.get(2), check)
    expect([results.has(1), results.has(2)]).toEqual([false, false])
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
  /** The lower index is OT receiver first; the cheat is one or the other. */
  const [BELOW, ABOVE] = [1, 4]
  const [request, reply, trees] = [128 * 66, 128 * 33, 64 * 128]
  const extension = reply + trees
  it.each([
    ['an OT request without a point', 'P1.1', ABOVE, 1, (body: Uint8Array) => put(body, 66, NOT_A_POINT)],
    ['another seed commitment of the lower', 'P2.1', ABOVE, 1, (body: Uint8Array) => flip(body, request)],
    ['another seed commitment of the higher', 'P2.1', BELOW, 1, (body: Uint8Array) => flip(body, 0)],
    ['a seed of the lower not committed to', 'P2.1', ABOVE, 2, (body: Uint8Array) => flip(body, 0)],
    ['a seed of the higher not committed to', 'P2.1', BELOW, 2, (body: Uint8Array) => flip(body, body.length - 40)],
    ['an OT reply without a point', 'P2.2', BELOW, 2, (body: Uint8Array) => put(body, 33, NOT_A_POINT)],
    ['a wrong check hash of a tree', 'P2.3', BELOW, 2, (body: Uint8Array) => flip(body, reply + 96)],
    ['a wrong check sum of a tree', 'P2.3', BELOW, 2, (body: Uint8Array) => flip(body, reply + 64)],
    ['another choice check of the extension', 'P2.4', BELOW, 2, (body: Uint8Array) => flip(body, extension + 4352)],
    ['another matrix check of the extension', 'P2.4', BELOW, 2, (body: Uint8Array) => flip(body, extension + 4368)],
    ['another correction of the extension', 'P2.4', BELOW, 2, (body: Uint8Array) => flip(body, extension + 9)],
    ['a wrong check hash of a tree the other way', 'P3.1', ABOVE, 3, (body: Uint8Array) => flip(body, 96)],
    ['a wrong check sum of a tree the other way', 'P3.1', ABOVE, 3, (body: Uint8Array) => flip(body, 64)],
    ['another transcript of the lower', 'P4.1', ABOVE, 4, (body: Uint8Array) => flip(body, 0)],
    ['another transcript of the higher', 'P4.1', BELOW, 4, (body: Uint8Array) => flip(body, 0)],
  ])('%s', (_name, check, honest, round, change) => {
    const { results, failures } = run(pairSessions(honest, CHEAT), rewrite(round, change))
    namesTheCheat(failures.get(honest), check)
    expect(results.has(honest)).toBe(false)
  })

  it('masked sums of trees that do not fit, wherever the receiver uses them', () => {
    // The receiver uses one sum of each tree: with all of one side changed, some tree uses a changed one.
    for (const [honest, round, offset, check] of [
      [BELOW, 2, reply, 'P2.3'],
      [ABOVE, 3, 0, 'P3.1'],
    ] as const) {
      const spoil = (body: Uint8Array): Uint8Array =>
        Array.from({ length: 64 }, (_, tree) => offset + tree * 128).reduce(flip, body)
      const { results, failures } = run(pairSessions(honest, CHEAT), rewrite(round, spoil))
      namesTheCheat(failures.get(honest), check)
      expect(results.has(honest)).toBe(false)
    }
  })

  it('an OT receiver whose choices differ between column groups when the direction is turned', () => {
    // The cheat answers the base OTs itself, so it has all leaves, and follows the protocol but for its corrections.
    const cheating = (corrupt: (tree: number) => boolean): string | undefined => {
      const sessionId = random(32)
      const session = hash('pair/session', sessionId, indexBytes([BELOW, CHEAT]))
      const direction = hash('pair/direction', session, indexBytes([BELOW]))
      const turn = hash('pair/turn', session, indexBytes([CHEAT]))
      let asked = new Uint8Array()
      const { results, failures } = run(pairSessions(BELOW, CHEAT, sessionId), (from, _to, frame) => {
        if (from === BELOW && roundOf(frame) === 1) asked = frame.slice(HEADER, HEADER + request)
        if (from === BELOW || roundOf(frame) !== 2) return frame
        const answer = answerRequest(direction, asked, random) ?? never()
        const { message, leaves } = buildTrees(direction, answer.keys)
        const forged = inconsistentRequest(packLeaves(leaves), turn, corrupt)
        return put(frame, HEADER, concat(answer.reply, message, forged))
      })
      expect(results.has(BELOW)).toBe(false)
      return failures.get(BELOW)?.check
    }
    expect(cheating(() => true)).toBe('P2.4')
    // With honest corrections the same answer passes: the two then hold different keys, which the next trees show.
    expect(cheating(() => false)).not.toBe('P2.4')
    const outcomes = Array.from({ length: 12 }, (_, tree) => cheating(t => t === tree))
    // One group passes where the secret position is zero, one time in four: all twelve with probability 2^-24.
    expect(outcomes).toContain('P2.4')
  })

  it('a request changed in transit at the latest at the confirmation', () => {
    // It is still a valid request: both sides then hold different transcripts.
    const { results, failures } = run(
      pairSessions(CHEAT, ABOVE),
      rewrite(1, body => put(body, 0, body.slice(66, 99))),
    )
    expect(failures.get(CHEAT)?.check ?? failures.get(ABOVE)?.check).toMatch(/^P[234]/)
    expect(results.size).toBe(0)
  })
})
