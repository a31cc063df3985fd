import { concat, equalBytes, Fields, u32 } from './bytes.ts'
import type { Point } from './curve.ts'
import { MpcError } from './errors.ts'
import { PROTOCOL, TAG_LENGTH } from './frame.ts'
import { evaluate, evaluateInExponent, type Group, groupOf, isSamePoint } from './group.ts'
import { hash, indexBytes } from './hash.ts'
import type { Scalar } from './kernel/scalar.ts'
import { type KeyReport, KeyShare } from './keyshare.ts'
import { SCALAR_LENGTH } from './scalar.ts'
import { proofLength, prove, verifyProof } from './schnorr.ts'
import {
  type Bodies,
  check,
  type Random,
  type RoundOutput,
  RoundSession,
  type Session,
  strictRandom,
} from './session.ts'

const HASH = 32
const MAX_EPOCH = 0xffff_ffff

/** A share to refresh, over any group: what the protocol needs of it, and how the new one is put together. */
export type Refreshable<T> = {
  group: Group
  /** Own index, 1..parties. */
  self: number
  secret: Scalar
  report: KeyReport
  make: (secret: Scalar, report: KeyReport) => T
}

/**
 * New shares of the same key: every party deals a polynomial without constant term, behind commitments and echoes
 * (SPEC.md section 11). All n parties take part. The old share stays as it is: the caller erases it once the new epoch is
 * agreed by all, and must not sign with the new one before.
 * @throws MpcError `invalid-argument`
 */
export const refreshOver = <T>(old: Refreshable<T>, options: { sessionId: Uint8Array; random: Random }): Session<T> => {
  if (options.sessionId.length !== 32) throw new MpcError('invalid-argument', 'session id must be 32 bytes')
  if (old.report.epoch >= MAX_EPOCH) throw new MpcError('invalid-argument', 'no epoch is left')
  const run = new Refresh(old, options.sessionId, strictRandom(options.random))
  const { parties } = old.report
  return new RoundSession<T>({
    protocol: PROTOCOL.refresh,
    self: old.self,
    peers: run.peers,
    tag: run.session.slice(0, TAG_LENGTH),
    begin: () => run.commit(),
    rounds: [
      { bodyLength: HASH, complete: bodies => run.echo(bodies) },
      { bodyLength: parties * HASH, complete: bodies => run.open(bodies) },
      { bodyLength: run.openingLength + SCALAR_LENGTH, complete: bodies => run.confirm(bodies) },
      { bodyLength: proofLength(old.group), complete: bodies => run.finish(bodies) },
    ],
    close: () => run.erase(),
  })
}

/**
 * New shares of the key of `share`, on its curve, for the next epoch (SPEC.md section 11): the same public key and chain code, another
 * transcript hash. All parties of the key take part; the result is this party's new share, and the old one is not changed.
 * @param options.sessionId 32 bytes, fresh and equal at all parties
 * @throws MpcError `invalid-argument`
 */
export const createRefresh = (options: {
  share: KeyShare
  sessionId: Uint8Array
  random: Random
}): Session<KeyShare> => {
  const { share } = options
  return refreshOver(
    {
      group: groupOf(share.curve),
      self: share.self,
      secret: KeyShare.secretOf(share),
      report: share,
      make: (secret, report) => new KeyShare(share.self, secret, report),
    },
    options,
  )
}

class Refresh<T> {
  readonly session: Uint8Array
  readonly peers: number[]
  readonly openingLength: number
  readonly #all: number[]
  readonly #old: Refreshable<T>
  readonly #random: Random
  /** a_1 … a_t-1; a_0 is zero and exists nowhere. */
  #coefficients: Scalar[] = []
  /** What all dealers add to the own share. */
  #summands: Scalar[] = []
  #opening: Uint8Array = new Uint8Array()
  readonly #commitments = new Map<number, Uint8Array>()
  readonly #openings = new Map<number, Uint8Array>()
  #next: { secret: Scalar; report: KeyReport } | undefined

  constructor(old: Refreshable<T>, sessionId: Uint8Array, random: Random) {
    const { group, self, report } = old
    this.#old = old
    this.#random = random
    this.#all = Array.from({ length: report.parties }, (_, i) => i + 1)
    this.peers = this.#all.filter(index => index !== self)
    this.openingLength = (report.threshold - 1) * group.pointLength + proofLength(group) + HASH
    this.session = hash(
      'refresh/session',
      sessionId,
      new TextEncoder().encode(group.name),
      indexBytes([report.parties, report.threshold]),
      u32(report.epoch + 1),
      report.publicKey,
      concat(...report.publicShares),
      report.chainCode,
      report.transcriptHash,
    )
  }

  /** Round 1: commit to a polynomial without constant term. */
  commit(): Map<number, Uint8Array> {
    const { group, self, report } = this.#old
    this.#coefficients = Array.from({ length: report.threshold - 1 }, () => group.randomScalar(this.#random))
    const points = this.#coefficients.map(value => group.base(value) ?? new Uint8Array(group.pointLength))
    const [first, firstPoint] = [this.#coefficients[0] ?? new Uint8Array(), points[0] ?? new Uint8Array()]
    const proof = prove(group, first, firstPoint, this.#proofContext('coefficient', self), this.#random)
    this.#opening = concat(...points, proof, this.#random(HASH))
    const commitment = this.#commitment(self, this.#opening)
    this.#commitments.set(self, commitment)
    return this.#toAll(commitment)
  }

  /** Round 2: echo all commitments. */
  echo(bodies: Bodies): RoundOutput<T> {
    for (const [from, body] of bodies) this.#commitments.set(from, body.slice())
    return { send: this.#toAll(concat(...this.#all.map(index => this.#committed(index)))) }
  }

  /** Round 3: once every party saw the same commitments, open, and give each peer its summand. */
  open(bodies: Bodies): RoundOutput<T> {
    for (const [from, body] of bodies) {
      for (const [position, index] of this.#all.entries()) {
        const echoed = body.subarray(position * HASH, (position + 1) * HASH)
        const suspects = [...new Set([index, from])].filter(party => party !== this.#old.self)
        check(equalBytes(echoed, this.#committed(index)), 'R2.1', ...suspects)
      }
    }
    this.#openings.set(this.#old.self, this.#opening)
    return { send: new Map(this.peers.map(peer => [peer, concat(this.#opening, this.#evaluate(peer))])) }
  }

  /** Round 4: verify every opening and summand, then prove knowledge of the new share, bound to the transcript. */
  confirm(bodies: Bodies): RoundOutput<T> {
    const { group, self, secret: oldSecret, report } = this.#old
    this.#summands = [this.#evaluate(self)]
    const dealt: Point[][] = [this.#pointsOf(this.#opening)]
    for (const [from, body] of bodies) {
      const opening = body.slice(0, this.openingLength)
      const summand = body.slice(this.openingLength)
      this.#summands.push(summand)
      check(equalBytes(this.#commitment(from, opening), this.#committed(from)), 'R3.1', from)
      const points = this.#pointsOf(opening)
      check(points.every(group.isPoint), 'R3.2', from)
      const proofAt = points.length * group.pointLength
      const proof = opening.slice(proofAt, proofAt + proofLength(group))
      const [first] = points
      const context = this.#proofContext('coefficient', from)
      check(first !== undefined && verifyProof(group, proof, first, context), 'R3.3', from)
      check(group.isScalar(summand), 'R3.4', from)
      // The points of a_1 … a_t-1 alone: a summand of a polynomial with another constant term than zero cannot fit.
      check(isSamePoint(group.base(summand), this.#inExponent(points, self)), 'R3.5', from)
      dealt.push(points)
      this.#openings.set(from, opening)
    }
    const publicShares = report.publicShares.map((point, i) =>
      group.sum(point, ...dealt.map(points => this.#inExponent(points, i + 1))),
    )
    const known = publicShares.filter(point => point !== undefined)
    check(known.length === publicShares.length, 'R3.6', ...this.peers)
    const transcriptHash = hash(
      'refresh/transcript',
      this.session,
      ...this.#all.map(index => this.#openings.get(index) ?? new Uint8Array()),
    )
    const secret = group.add(oldSecret, ...this.#summands)
    this.#next = {
      secret,
      report: { ...publicPart(report), publicShares: known, transcriptHash, epoch: report.epoch + 1 },
    }
    const context = this.#proofContext('share', self, transcriptHash)
    return { send: this.#toAll(prove(group, secret, known[self - 1] ?? new Uint8Array(), context, this.#random)) }
  }

  /** End: every party has the same transcript and holds the share that belongs to its new public share. */
  finish(bodies: Bodies): RoundOutput<T> {
    if (this.#next === undefined) throw new MpcError('invalid-argument', 'refresh rounds out of order')
    const { secret, report } = this.#next
    for (const [from, body] of bodies) {
      const point = report.publicShares[from - 1] ?? new Uint8Array()
      const context = this.#proofContext('share', from, report.transcriptHash)
      check(verifyProof(this.#old.group, body, point, context), 'R4.1', from)
    }
    this.#next = undefined
    return { result: this.#old.make(secret, report) }
  }

  erase(): void {
    for (const secret of [...this.#coefficients, ...this.#summands]) secret.fill(0)
    this.#coefficients = []
    this.#next?.secret.fill(0)
    this.#next = undefined
  }

  #committed(party: number): Uint8Array {
    return this.#commitments.get(party) ?? new Uint8Array(HASH)
  }

  #commitment(party: number, opening: Uint8Array): Uint8Array {
    return hash('refresh/commitment', this.session, indexBytes([party]), opening)
  }

  #pointsOf(opening: Uint8Array): Point[] {
    const fields = new Fields(opening)
    const { group, report } = this.#old
    return Array.from({ length: report.threshold - 1 }, () => fields.take(group.pointLength))
  }

  #proofContext(kind: 'coefficient' | 'share', party: number, transcript: Uint8Array = new Uint8Array()): Uint8Array {
    return hash(`refresh/proof-${kind}`, this.session, indexBytes([party]), transcript)
  }

  /** The own polynomial at x: its constant term is zero. */
  #evaluate(x: number): Scalar {
    const { group } = this.#old
    return evaluate(group, [group.scalarOf(0), ...this.#coefficients], x)
  }

  /** f(x)·G out of the points of a_1 … a_t-1. */
  #inExponent(points: readonly Point[], x: number): Point | undefined {
    const { group } = this.#old
    const inner = evaluateInExponent(group, points, x)
    return inner === undefined ? undefined : group.multiply(inner, group.scalarOf(x))
  }

  #toAll(body: Uint8Array): Map<number, Uint8Array> {
    return new Map(this.peers.map(peer => [peer, body]))
  }
}

/** Only the fields of a report: a share is one too, and its methods and secret stay behind. */
const publicPart = ({ curve, parties, threshold, publicKey, publicShares, chainCode }: KeyReport) => ({
  curve,
  parties,
  threshold,
  publicKey,
  publicShares,
  chainCode,
})
