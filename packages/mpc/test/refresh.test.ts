import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { concat } from '../src/bytes.ts'
import { curve } from '../src/curve.ts'
import { secp256k1Group } from '../src/group.ts'
import { hash, indexBytes } from '../src/hash.ts'
import {
  createFrostSigning,
  createRefresh,
  decodeKeyShare,
  deriveEd25519PublicKey,
  encodeKeyShare,
  type KeyShare,
  keyReport,
  type Session,
} from '../src/index.ts'
import { isConsistent, KeyShare as Share } from '../src/keyshare.ts'
import { lagrange, mod, parseScalar, scalarBytes } from '../src/scalar.ts'
import { prove } from '../src/schnorr.ts'
import {
  addOne,
  CHEAT,
  flip,
  HEADER,
  NOT_A_POINT,
  namesTheCheat,
  never,
  nonCanonical,
  put,
  rewrite,
  roundOf,
} from './cheats.ts'
import { dealPairs, keygen, keygenSessions, random, range, run, signSessions } from './run.ts'

type Shares = ReadonlyMap<number, KeyShare>
const refreshSessions = (shares: Shares, sessionId = random(32)): Map<number, Session<KeyShare>> =>
  new Map([...shares].map(([index, share]) => [index, createRefresh({ share, sessionId, random })]))
const refresh = (shares: Shares): Map<number, KeyShare> => run(refreshSessions(shares)).results

const secretOf = (shares: Shares, index: number): bigint =>
  parseScalar(Share.secretOf(shares.get(index) ?? never())) ?? never()
/** The point that the shares of `indexes`, each out of its own generation, open to. */
const opened = (indexes: readonly number[], of: (index: number) => Shares): Uint8Array =>
  curve.base(
    scalarBytes(indexes.reduce((sum, index) => mod(sum + lagrange(index, indexes) * secretOf(of(index), index)), 0n)),
  )
const sign = (shares: Shares, signers: readonly number[], digest = random(32)) => {
  const { results, failures } = run(
    signSessions({ shares, pairs: dealPairs(signers), signers, path: [44, 60, 0, 0], digest }),
  )
  return { results, failures, digest }
}

describe.each([
  [2, 2],
  [3, 2],
  [3, 3],
  [5, 3],
  [5, 5],
])('refresh of a key of %i parties, threshold %i', (parties, threshold) => {
  const old = keygen(parties, threshold)
  const [first] = old.values()
  const fresh = refresh(old)
  const signers = range(parties).slice(-threshold)

  it('keeps the key and changes every share', () => {
    const reports = [...fresh.values()].map(keyReport)
    expect(reports).toHaveLength(parties)
    for (const report of reports) {
      expect(report).toEqual(reports[0])
      expect(report).toMatchObject({ publicKey: first?.publicKey, chainCode: first?.chainCode, epoch: 1 })
      expect(report.transcriptHash).not.toEqual(first?.transcriptHash)
      expect(isConsistent(report)).toBe(true)
    }
    for (const index of range(parties)) {
      expect(secretOf(fresh, index)).not.toBe(secretOf(old, index))
      expect(curve.base(scalarBytes(secretOf(fresh, index)))).toEqual(reports[0]?.publicShares[index - 1])
    }
    for (const share of fresh.values()) expect(decodeKeyShare(encodeKeyShare(share))).toEqual(share)
  })

  it('leaves old and new shares that do not combine', () => {
    expect(opened(signers, () => old)).toEqual(first?.publicKey)
    expect(opened(signers, () => fresh)).toEqual(first?.publicKey)
    for (let mask = 1; mask < 2 ** threshold - 1; mask++)
      expect(opened(signers, index => ((mask >> signers.indexOf(index)) & 1 ? fresh : old))).not.toEqual(
        first?.publicKey,
      )
  })

  it('signs for the same key, again after the next refresh', () => {
    for (const shares of [fresh, refresh(fresh)]) {
      const { results, digest } = sign(shares, signers)
      expect(results.size).toBe(threshold)
      const [signature] = results.values()
      const bytes = concat(signature?.r ?? never(), signature?.s ?? never())
      const recovered = secp256k1.Signature.fromBytes(bytes)
        .addRecoveryBit(signature?.recovery ?? 0)
        .recoverPublicKey(digest)
      const [before] = sign(old, signers, digest).results.values()
      const again = secp256k1.Signature.fromBytes(concat(before?.r ?? never(), before?.s ?? never()))
      expect(recovered.toBytes()).toEqual(
        again
          .addRecoveryBit(before?.recovery ?? 0)
          .recoverPublicKey(digest)
          .toBytes(),
      )
    }
  })

  it('does not sign with shares of two epochs', () => {
    const [stale = 0] = signers
    const mixed = new Map(
      [...fresh].map(([index, share]) => [index, index === stale ? (old.get(index) ?? share) : share]),
    )
    // Frames of the other epoch belong to another session: nobody answers them, nobody is accused.
    const { results, failures } = sign(mixed, signers)
    expect(results.size).toBe(0)
    expect(failures.size).toBe(0)
  })
})

describe.each([
  [3, 2],
  [3, 3],
  [5, 4],
])('refresh of an Ed25519 key of %i parties, threshold %i', (parties, threshold) => {
  const old = run(keygenSessions(parties, threshold, random(32), random, 'ed25519')).results
  const fresh = refresh(old)
  const signers = range(parties).slice(-threshold)
  const message = new TextEncoder().encode('same key, new shares')
  const path = [44, 501, 0, 0]
  const signWith = (shares: Shares) => {
    const sessionId = random(32)
    const session = (self: number) =>
      createFrostSigning({ self, signers, share: shares.get(self) ?? never(), path, message, sessionId, random })
    return run(new Map(signers.map(self => [self, session(self)])))
  }

  it('keeps the key, and signs on under it', () => {
    const { publicKey, chainCode } = old.get(1) ?? never()
    expect(fresh.size).toBe(parties)
    for (const share of fresh.values()) {
      expect(share).toMatchObject({ publicKey, chainCode, epoch: 1, curve: 'ed25519' })
      expect(isConsistent(keyReport(share))).toBe(true)
      expect(share.publicShares[share.self - 1]).not.toEqual(old.get(share.self)?.publicShares[share.self - 1])
    }
    const child = deriveEd25519PublicKey(publicKey, chainCode, path).publicKey
    for (const { signature } of signWith(fresh).results.values())
      expect(ed25519.verify(signature, message, child, { zip215: false })).toBe(true)
  })

  it('leaves old and new shares that neither sign together nor open the key', () => {
    const stale = signers[0] ?? never()
    const { results, failures } = signWith(new Map([...fresh, [stale, old.get(stale) ?? never()]]))
    expect(results.size + failures.size).toBe(0)
    const report = keyReport(fresh.get(1) ?? never())
    const publicShares = report.publicShares.with(stale - 1, old.get(stale)?.publicShares[stale - 1] ?? never())
    expect(isConsistent({ ...report, publicShares })).toBe(false)
  })
})

describe('refresh', () => {
  const old = keygen(3, 3)
  const threeSessions = () => refreshSessions(old)
  // Two coefficient points, proof (point, scalar), salt, then the summand of the recipient.
  const at = { proof: 66, response: 99, salt: 131, summand: 163 }

  it('does not end without one party, and leaves the old shares as they were', () => {
    const before = [...old.values()].map(encodeKeyShare)
    for (const silentFrom of [1, 2, 3, 4]) {
      const { results, failures } = run(threeSessions(), (from, _to, frame) =>
        from === CHEAT && roundOf(frame) >= silentFrom ? undefined : frame,
      )
      expect([...results.keys()].filter(party => party !== CHEAT)).toEqual([])
      expect(failures.size).toBe(0)
    }
    expect([...old.values()].map(encodeKeyShare)).toEqual(before)
  })

  it('of two epochs or two keys does not meet', () => {
    const other = keygen(3, 3)
    const sessionId = random(32)
    for (const shares of [refresh(old), other]) {
      const sessions = refreshSessions(old, sessionId)
      sessions.set(CHEAT, refreshSessions(shares, sessionId).get(CHEAT) ?? never())
      const { results, failures } = run(sessions)
      expect(results.size + failures.size).toBe(0)
    }
  })

  it.each([
    ['an opening that does not fit the commitment', 'R3.1', rewrite(3, body => flip(body, at.salt))],
    ['a wrong summand', 'R3.5', rewrite(3, body => addOne(body, at.summand), 1)],
    ['a non-canonical summand', 'R3.4', rewrite(3, body => put(body, at.summand, nonCanonical()), 1)],
    ['a proof of another share', 'R4.1', rewrite(4, body => addOne(body, 33), 1)],
    ['a proof with an identity nonce', 'R4.1', rewrite(4, body => put(body, 0, NOT_A_POINT), 1)],
  ])('rejects %s', (_name, check, intercept) => {
    const { results, failures } = run(threeSessions(), intercept)
    namesTheCheat(failures.get(1), check)
    expect(results.has(1)).toBe(false)
  })

  it('names both suspects of an equivocating commitment before anyone opens', () => {
    const opened: number[] = []
    const { results, failures } = run(threeSessions(), (from, to, frame) => {
      if (roundOf(frame) === 3) opened.push(from)
      return rewrite(1, body => flip(body, 0), 1)(from, to, frame)
    })
    expect(failures.get(1)).toMatchObject({ check: 'R2.1', suspects: expect.arrayContaining([CHEAT]) })
    expect(failures.get(2)).toMatchObject({ check: 'R2.1', suspects: expect.arrayContaining([CHEAT]) })
    expect(results.size).toBe(0)
    expect(opened.filter(party => party !== CHEAT)).toEqual([])
  })

  it('proves two different frames of one round', () => {
    const { failures } = run(threeSessions(), (from, to, frame) =>
      from === CHEAT && to === 1 && roundOf(frame) === 1 ? [frame, flip(frame, HEADER)] : frame,
    )
    expect(failures.get(1)).toEqual({ check: 'F.5', kind: 'equivocation', party: CHEAT, suspects: [CHEAT] })
  })

  /** Party 3 by hand: it follows the protocol over a polynomial and points of its own choice. */
  const cheating = (choose: {
    constant?: bigint
    degree?: number
    points?: (own: Uint8Array[]) => Uint8Array[]
    proofOf?: bigint
  }) => {
    const sessionId = random(32)
    const share = old.get(CHEAT) ?? never()
    const session = hash(
      'refresh/session',
      sessionId,
      new TextEncoder().encode('secp256k1'),
      indexBytes([3, 3]),
      Uint8Array.of(0, 0, 0, 1),
      share.publicKey,
      concat(...share.publicShares),
      share.chainCode,
      share.transcriptHash,
    )
    const coefficients = [
      choose.constant ?? 0n,
      ...range(choose.degree ?? 2).map(
        () => parseScalar(scalarBytes(mod(BigInt(`0x${Buffer.from(random(32)).toString('hex')}`)))) ?? never(),
      ),
    ]
    const valueAt = (x: bigint): bigint =>
      coefficients.reduceRight((sum, coefficient) => mod(sum * x + coefficient), 0n)
    const own = coefficients.slice(1, 3).map(value => curve.base(scalarBytes(value)))
    const points = choose.points?.(own) ?? own
    const context = hash('refresh/proof-coefficient', session, indexBytes([CHEAT]), new Uint8Array())
    const proof = prove(
      secp256k1Group,
      scalarBytes(choose.proofOf ?? coefficients[1] ?? 0n),
      points[0] ?? never(),
      context,
      random,
    )
    const opening = concat(...points, proof, random(32))
    const commitment = hash('refresh/commitment', session, indexBytes([CHEAT]), opening)
    let honest = new Uint8Array()
    return run(refreshSessions(old, sessionId), (from, to, frame) => {
      if (from === CHEAT && roundOf(frame) === 1) honest = frame.slice(HEADER)
      if (to === CHEAT && roundOf(frame) === 2) return put(frame, HEADER + 64, honest)
      if (from !== CHEAT) return frame
      if (roundOf(frame) === 1) return put(frame, HEADER, commitment)
      if (roundOf(frame) === 2) return put(frame, HEADER + 64, commitment)
      if (roundOf(frame) === 3) return concat(frame.slice(0, HEADER), opening, scalarBytes(valueAt(BigInt(to))))
      return frame
    })
  }

  it('takes a dealer by hand that keeps to the protocol, up to its last proof', () => {
    // The session beside it knows another polynomial: only its proof of the final share is off.
    namesTheCheat(cheating({}).failures.get(1), 'R4.1')
  })

  it.each([
    ['a changed secret: a constant term other than zero', 'R3.5', { constant: 5n }],
    ['a polynomial of too high a degree', 'R3.5', { degree: 3 }],
    ['a point that is none', 'R3.2', { points: (own: Uint8Array[]) => [own[0] ?? never(), NOT_A_POINT] }],
    ['points of another polynomial', 'R3.5', { points: (own: Uint8Array[]) => [own[0] ?? never(), own[0] ?? never()] }],
    ['a coefficient it does not know', 'R3.3', { proofOf: 7n }],
  ])('names a dealer of %s', (_name, check, choose) => {
    const { results, failures } = cheating(choose)
    namesTheCheat(failures.get(1), check)
    namesTheCheat(failures.get(2), check)
    expect(results.size).toBe(0)
  })

  it('refuses a wrong session id and an epoch that cannot be counted on', () => {
    const share = old.get(1) ?? never()
    expect(() => createRefresh({ share, sessionId: random(31), random })).toThrow('32 bytes')
    const last = new Share(1, Share.secretOf(share), { ...keyReport(share), epoch: 0xffff_ffff })
    expect(() => createRefresh({ share: last, sessionId: random(32), random })).toThrow('no epoch')
  })
})
