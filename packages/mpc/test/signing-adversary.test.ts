import { describe, expect, it } from 'vitest'
import { boundRandom } from '../src/bound-random.ts'
import { concat, u32 } from '../src/bytes.ts'
import { curve } from '../src/curve.ts'
import { hash, indexBytes } from '../src/hash.ts'
import type { Session } from '../src/index.ts'
import { randomSecret, subtract } from '../src/kernel/scalar.ts'
import { KeyShare } from '../src/keyshare.ts'
import { runIdOf } from '../src/rvole.ts'
import { mod, parseScalar, scalarBytes } from '../src/scalar.ts'
import type { Choose } from './adversary/player.ts'
import { signingPlayer } from './adversary/signing-player.ts'
import {
  addOne,
  CHEAT,
  flip,
  HEADER,
  inconsistentRequest,
  NOT_A_POINT,
  namesTheCheat,
  never,
  nonCanonical,
  put,
  rewrite,
  roundOf,
} from './cheats.ts'
import { dealPairs, dealPairsTwice, keygen, random, run, seeded, signSessions } from './run.ts'
import {
  broadcastCheat,
  digest,
  gammaKey,
  one,
  payloadCheat,
  psi,
  psiSalt,
  shares,
  signers,
  signingHash,
  signWith,
  three,
} from './signing-fixture.ts'

const G = curve.base(scalarBytes(1n))

describe('signing rejects', () => {
  it.each([
    ['a payload that was not announced', 'S1.1', 1, (body: Uint8Array) => flip(body, one.psi)],
    ['an announcement changed', 'S1.1', 1, (body: Uint8Array) => flip(body, one.hashes)],
    ['an opening of another commitment', 'S3.1', 3, (body: Uint8Array) => flip(body, three.salt)],
    ['a nonce point changed after commitment', 'S3.1', 3, (body: Uint8Array) => put(body, 0, body.slice(33, 66))],
    ['a key point changed after commitment', 'S3.1', 3, (body: Uint8Array) => put(body, 33, body.slice(0, 33))],
    ['an identity gamma', 'S3.2', 3, (body: Uint8Array) => put(body, three.gammaR, NOT_A_POINT)],
    ['an identity gamma of the key', 'S3.2', 3, (body: Uint8Array) => put(body, gammaKey, NOT_A_POINT)],
    ['a non-canonical matrix entry', 'S3.2', 3, (body: Uint8Array) => put(body, three.matrix + 64, nonCanonical())],
    ['a non-canonical eta', 'S3.2', 3, (body: Uint8Array) => put(body, three.eta, nonCanonical())],
    ['a changed psi', 'S3.3', 3, (body: Uint8Array) => addOne(body, psi)],
    ['a non-canonical psi', 'S3.3', 3, (body: Uint8Array) => put(body, psi, nonCanonical())],
    ['another psi salt', 'S3.3', 3, (body: Uint8Array) => flip(body, psiSalt)],
    ['a changed matrix entry', 'S3.4', 3, (body: Uint8Array) => addOne(body, three.matrix)],
    ['a changed eta', 'S3.4', 3, (body: Uint8Array) => addOne(body, three.eta)],
    ['a changed mu', 'S3.4', 3, (body: Uint8Array) => flip(body, three.mu)],
    ['another gamma of the nonce', 'S3.5', 3, (body: Uint8Array) => put(body, three.gammaR, body.slice(0, 33))],
    ['another gamma of the key', 'S3.6', 3, (body: Uint8Array) => put(body, gammaKey, body.slice(0, 33))],
    ['a non-canonical w', 'S4.1', 4, (body: Uint8Array) => put(body, 0, nonCanonical())],
    ['a non-canonical u', 'S4.1', 4, (body: Uint8Array) => put(body, 32, nonCanonical())],
  ])('%s', (_name, check, round, change) => {
    const { results, failures, pairs } = signWith(rewrite(round, change, 1))
    namesTheCheat(failures.get(1), check)
    expect(results.has(1)).toBe(false)
    expect(pairs.get(1)?.get(CHEAT)?.usable).toBe(false)
    expect(pairs.get(1)?.get(2)?.usable).toBe(true)
  })

  it.each([
    ['w', 0],
    ['u', 32],
  ])('a wrong %s: nobody named, no signature, all OT state gone', (_name, offset) => {
    const { results, failures, pairs } = signWith(rewrite(4, body => addOne(body, offset)))
    for (const honest of [1, 2]) {
      expect(failures.get(honest)).toEqual({
        check: 'S4.2',
        kind: 'accusation',
        suspects: signers.filter(i => i !== honest),
      })
      expect(results.has(honest)).toBe(false)
    }
    expect([...(pairs.get(1)?.values() ?? [])].map(pair => pair.usable)).toEqual([false, false])
  })

  it('u values that cancel to zero', () => {
    const sessions = signSessions({ shares, pairs: dealPairs(signers), signers, digest })
    const held = new Map<number, Uint8Array>()
    let own = 0n
    run(sessions, (from, to, frame) => {
      if (roundOf(frame) !== 4) return frame
      if (from === 1) own = parseScalar(frame.slice(HEADER + 32)) ?? 0n
      if (to !== 1) return frame
      held.set(from, frame)
      return undefined
    })
    const victim = sessions.get(1) ?? never()
    victim.receive(2, put(held.get(2) ?? never(), HEADER + 32, new Uint8Array(32)))
    const { failure } = victim.receive(3, put(held.get(3) ?? never(), HEADER + 32, scalarBytes(mod(-own))))
    expect(failure?.check).toBe('S4.2')
  })

  it('nonces that cancel to the identity', () => {
    const pairs = dealPairs([1, 2])
    const two = keygen(2, 2)
    const [own, cheat] = [two.get(1) ?? never(), two.get(2) ?? never()]
    const common = { shares: two, pairs, signers: [1, 2], digest, sessionId: random(32) }
    const session = hash(
      'signing/session',
      ...[common.sessionId, own.publicKey, own.transcriptHash, indexBytes([1, 2]), new Uint8Array(), digest],
    )
    const choose: Choose = (_field, value) => value
    // What no party could know in time.
    const drawn = boundRandom(seeded('known'), session, KeyShare.secretOf(own))
    const nonce = subtract(scalarBytes(0n), randomSecret(drawn))
    const sessions = new Map<number, Session<unknown>>([
      ...signSessions({ ...common, only: [1], source: seeded('known') }),
      [2, signingPlayer({ ...common, self: 2, share: cheat, pairs: pairs.get(2) ?? never(), random, choose, nonce })],
    ])
    const { failures } = run(sessions)
    expect(failures.get(1)).toEqual({ check: 'S3.8', kind: 'accusation', party: 2, suspects: [2] })
  })

  it('a signer with a wrong key share', () => {
    const share = shares.get(CHEAT) ?? never()
    const wrong = new KeyShare(CHEAT, addOne(KeyShare.secretOf(share), 0), share)
    const { results, failures } = signWith((_f, _t, frame) => frame, random(32), wrong)
    expect(failures.get(1)).toEqual({ check: 'S3.7', kind: 'accusation', suspects: [2, 3] })
    expect(results.size).toBe(0)
  })

  it('another digest or path in one signer', () => {
    const pairs = dealPairs(signers)
    const sessionId = random(32)
    for (const other of [{ digest: random(32) }, { path: [1] }]) {
      const id = hash('test/session', sessionId, random(4))
      const sessions = signSessions({ shares, pairs, signers, digest, sessionId: id })
      const lone = signSessions({ shares, pairs: dealPairs(signers), signers, digest, sessionId: id, ...other }).get(
        CHEAT,
      )
      sessions.set(CHEAT, lone ?? never())
      const { results, failures } = run(sessions)
      // Its frames belong to another session: nothing happens, and nothing is lost.
      expect([results.size, failures.size]).toEqual([0, 0])
    }
  })

  it.each([
    ['nonce point', 0],
    ['key point', 33],
  ])('a %s that is no point, though committed to', (_name, offset) => {
    const sessionId = random(32)
    const opening = put(concat(G, G, new Uint8Array(32)), offset, NOT_A_POINT)
    const commitment = hash('signing/commitment', signingHash(sessionId), indexBytes([CHEAT]), opening)
    const cheat = broadcastCheat(sessionId, broadcast => put(broadcast, one.commitment, commitment))
    const { results, failures } = signWith((from, to, frame) => {
      const sent = cheat(from, to, frame)
      return from === CHEAT && roundOf(frame) === 3 && sent instanceof Uint8Array ? put(sent, HEADER, opening) : sent
    }, sessionId)
    for (const honest of [1, 2]) namesTheCheat(failures.get(honest), 'S3.2')
    expect(results.size).toBe(0)
  })

  it('a psi that was committed to but does not fit its choice bits', () => {
    const sessionId = random(32)
    const session = signingHash(sessionId)
    const salt = new Uint8Array(32)
    const value = scalarBytes(5n)
    const commit = hash('signing/psi', session, indexBytes([CHEAT, 1]), value, salt)
    const cheat = payloadCheat(sessionId, payload => put(payload, payload.length - 32, commit))
    const { results, failures } = signWith((from, to, frame) => {
      const sent = cheat(from, to, frame)
      const isAnswer = from === CHEAT && to === 1 && roundOf(frame) === 3 && sent instanceof Uint8Array
      return isAnswer ? put(put(sent, HEADER + psi, value), HEADER + psiSalt, salt) : sent
    }, sessionId)
    for (const honest of [1, 2]) expect(failures.get(honest)?.check).toBe('S4.2')
    expect(results.size).toBe(0)
  })

  it('an OT receiver whose choices differ between column groups, with honest check values for them', () => {
    const sessionId = random(32)
    const pairs = dealPairs(signers)
    const material = pairs.get(CHEAT)?.get(1)?.claim(random(32)) ?? never()
    const runId = runIdOf(material, signingHash(sessionId), CHEAT)
    const request = inconsistentRequest(material.full, runId, () => true)
    const cheat = payloadCheat(sessionId, payload => put(payload, 0, request))
    const { results, failures } = run(signSessions({ shares, pairs, signers, digest, sessionId }), cheat)
    namesTheCheat(failures.get(1), 'S1.2')
    expect(results.size).toBe(0)
    expect(pairs.get(1)?.get(CHEAT)?.usable).toBe(false)
  })

  it('an equivocating commitment before any multiplication is answered', () => {
    const answered: number[] = []
    const { results, failures } = signWith((from, to, frame) => {
      if (roundOf(frame) === 3) answered.push(from)
      return rewrite(1, body => flip(body, one.commitment), 1)(from, to, frame)
    })
    expect(failures.get(1)).toMatchObject({ check: 'S2.1', suspects: expect.arrayContaining([CHEAT]) })
    expect(failures.get(2)).toMatchObject({ check: 'S2.1', suspects: expect.arrayContaining([CHEAT]) })
    expect(results.size).toBe(0)
    expect(answered.filter(party => party !== CHEAT)).toEqual([])
  })

  it('to say anything new when a copy of a signer hears the same again', () => {
    const sessionId = random(32)
    const heard: { from: number; frame: Uint8Array }[] = []
    const said: Uint8Array[] = []
    // Two signers with equal memory: equal OT state, and a random source that repeats.
    const seed = random(32)
    const replay = () => {
      let counter = 0
      return (n: number): Uint8Array => {
        const blocks = Array.from({ length: Math.ceil(n / 32) }, () => hash('test/random', seed, u32(counter++)))
        return concat(...blocks).slice(0, n)
      }
    }
    const [original, copy] = dealPairsTwice(signers, 1)
    const sessions = signSessions({ shares, pairs: original, signers, digest, sessionId })
    const mine = () => ({ shares, signers: [1, 2, 3], digest, sessionId })
    sessions.set(1, signSessions({ ...mine(), pairs: copy.first, source: replay(), only: [1] }).get(1) ?? never())
    run(sessions, (from, to, frame) => {
      if (to === 1) heard.push({ from, frame })
      if (from === 1) said.push(frame)
      return frame
    })
    // After the first frame the source may be anything: nothing is drawn any more.
    let drawing = replay()
    const twin = signSessions({ ...mine(), pairs: copy.second, source: n => drawing(n), only: [1] }).get(1) ?? never()
    drawing = never
    const repeated = [...twin.start().out, ...heard.flatMap(({ from, frame }) => twin.receive(from, frame).out)]
    expect(repeated.map(({ frame }) => frame)).toEqual(said)
  })

  it('an echo that lies', () => {
    const { failures } = signWith(rewrite(2, body => flip(body, 32), 1))
    expect(failures.get(1)).toEqual({ check: 'S2.1', kind: 'accusation', suspects: [2, CHEAT] })
  })
})
