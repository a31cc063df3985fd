import { describe, expect, it } from 'vitest'
import { concat, u32 } from '../src/bytes.ts'
import { hash, indexBytes } from '../src/hash.ts'
import type { Failure, KeyShare, Random, Session, Signature } from '../src/index.ts'
import { MpcError } from '../src/index.ts'
import { runIdOf } from '../src/rvole.ts'
import { mod, ORDER, parseScalar, reduceWide, scalarBytes } from '../src/scalar.ts'
import { inconsistentRequest } from './cheats.ts'
import {
  dealPairs,
  dealPairsTwice,
  type Intercept,
  keygen,
  keygenSessions,
  pairSessions,
  random,
  run,
  signSessions,
} from './run.ts'

const HEADER = 20
const CHEAT = 3
const NOT_A_POINT = new Uint8Array(33)
const roundOf = (frame: Uint8Array): number => frame[2] ?? 0

/** The cheat's frames of one round to `to` (default: everyone), body rewritten; all else is delivered unchanged. */
const rewrite =
  (round: number, change: (body: Uint8Array, to: number) => Uint8Array, only?: number): Intercept =>
  (from, to, frame) =>
    from === CHEAT && roundOf(frame) === round && (only === undefined || to === only)
      ? concat(frame.slice(0, HEADER), change(frame.slice(HEADER), to))
      : frame

const put = (body: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array => {
  const out = body.slice()
  out.set(bytes, offset)
  return out
}
const flip = (body: Uint8Array, offset: number): Uint8Array => put(body, offset, Uint8Array.of((body[offset] ?? 0) ^ 1))
const addOne = (body: Uint8Array, offset: number): Uint8Array =>
  put(body, offset, scalarBytes(mod((parseScalar(body.slice(offset, offset + 32)) ?? 0n) + 1n)))
/** q + 1 as 32 bytes: a second encoding of 1. */
const nonCanonical = (): Uint8Array => {
  const out = new Uint8Array(32)
  let value = ORDER + 1n
  for (let i = 31; i >= 0; i--, value >>= 8n) out[i] = Number(value & 255n)
  return out
}

/** A random source whose scalars (48-byte draws) are noted. */
const recording =
  (drawn: bigint[]): Random =>
  n => {
    const bytes = random(n)
    if (n === 48) drawn.push(reduceWide(concat(new Uint8Array(16), bytes)))
    return bytes
  }

/** A random source whose first `count` scalars are minus those in `drawn`: what no party could know in time. */
const negating = (drawn: readonly bigint[], count: number): Random => {
  let index = 0
  return n => {
    const value = n === 48 && index < count ? drawn[index++] : undefined
    return value === undefined ? random(n) : concat(new Uint8Array(16), scalarBytes(mod(-value)))
  }
}

const namesTheCheat = (failure: Failure | undefined, check: string): void => {
  expect(failure).toEqual({ check, kind: 'accusation', party: CHEAT, suspects: [CHEAT] })
}

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

const shares = keygen(3, 3)
const signers = [1, 2, 3]
const digest = new Uint8Array(32).fill(9)
const never = (): never => {
  throw new Error('unreachable')
}

const signingHash = (sessionId: Uint8Array): Uint8Array => {
  const share = shares.get(1) ?? never()
  return hash(
    'signing/session',
    sessionId,
    share.publicKey,
    share.transcriptHash,
    indexBytes(signers),
    new Uint8Array(),
    digest,
  )
}

const signWith = (intercept: Intercept, sessionId = random(32), cheatShare?: KeyShare) => {
  const pairs = dealPairs(signers)
  const used = cheatShare === undefined ? shares : new Map([...shares, [CHEAT, cheatShare]])
  const outcome = run(signSessions({ shares: used, pairs, signers, digest, sessionId }), intercept)
  return { ...outcome, pairs }
}

// Round 1: commitment, two payload hashes, then the payload. Round 3: see `SPEC.md` section 7.
const one = { commitment: 0, hashes: 32, payload: 96, check: 96 + 4352, matrixHash: 96 + 4368, psi: 96 + 4400 }
const three = { r: 0, key: 33, salt: 66, matrix: 98, eta: 98 + 39936, mu: 130 + 39936, gammaR: 162 + 39936 }
const gammaKey = three.gammaR + 33
const psi = gammaKey + 33
const psiSalt = psi + 32

/**
 * A cheat that rewrites its payload for party 1 and otherwise follows the protocol: it announces the new payload's hash
 * to everyone, echoes what it sent, and shows its own session the echoes that this expects.
 */
const payloadCheat = (sessionId: Uint8Array, change: (payload: Uint8Array) => Uint8Array): Intercept => {
  const session = signingHash(sessionId)
  const digestOf = (frame: Uint8Array): Uint8Array =>
    hash('signing/broadcast', session, indexBytes([CHEAT]), frame.slice(HEADER, HEADER + one.payload))
  let promised: Uint8Array = new Uint8Array()
  let honestDigest: Uint8Array = new Uint8Array()
  let sentDigest: Uint8Array = new Uint8Array()
  return (from, to, frame) => {
    if (to === CHEAT && roundOf(frame) === 2) return put(frame, HEADER + 64, honestDigest)
    if (from !== CHEAT) return frame
    if (roundOf(frame) === 2) return put(frame, HEADER + 64, sentDigest)
    if (roundOf(frame) !== 1) return frame
    if (to === 1) {
      honestDigest = digestOf(frame)
      const payload = change(frame.slice(HEADER + one.payload))
      promised = hash('signing/payload', session, indexBytes([CHEAT, 1]), payload)
      const sent = put(put(frame, HEADER + one.payload, payload), HEADER + one.hashes, promised)
      sentDigest = digestOf(sent)
      return sent
    }
    return put(frame, HEADER + one.hashes, promised)
  }
}

describe('signing rejects', () => {
  it.each([
    ['a payload that was not announced', 'S1.1', 1, (body: Uint8Array) => flip(body, one.psi)],
    ['an announcement changed', 'S1.1', 1, (body: Uint8Array) => flip(body, one.hashes)],
    ['an opening of another commitment', 'S3.1', 3, (body: Uint8Array) => flip(body, three.salt)],
    ['a nonce point changed after commitment', 'S3.1', 3, (body: Uint8Array) => put(body, 0, body.slice(33, 66))],
    ['a key point changed after commitment', 'S3.1', 3, (body: Uint8Array) => put(body, 33, body.slice(0, 33))],
    ['an identity gamma', 'S3.2', 3, (body: Uint8Array) => put(body, three.gammaR, NOT_A_POINT)],
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
    const sessionId = random(32)
    const drawn: bigint[] = []
    const common = { shares: two, pairs, signers: [1, 2], digest, sessionId }
    const first = signSessions({ ...common, only: [1], source: recording(drawn) })
    const second = signSessions({ ...common, only: [2], source: negating(drawn, 1) })
    const { failures } = run(new Map([...first, ...second]))
    expect(failures.get(1)).toEqual({ check: 'S3.8', kind: 'accusation', party: 2, suspects: [2] })
  })

  it('a signer with a wrong key share', () => {
    const share = shares.get(CHEAT) ?? never()
    const { results, failures } = signWith((_f, _t, frame) => frame, random(32), {
      ...share,
      secret: mod(share.secret + 1n),
    })
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
    namesTheCheat(failures.get(1), 'S1.0')
    expect(results.size).toBe(0)
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
    const codeOf = (action: () => unknown): string | undefined => {
      try {
        action()
      } catch (error) {
        return error instanceof MpcError ? error.code : String(error)
      }
      return undefined
    }
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
