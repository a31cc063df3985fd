import { concat, equalBytes, u32 } from './bytes.ts'
import type { Point } from './curve.ts'
import { MpcError } from './errors.ts'
import { PROTOCOL, TAG_LENGTH } from './frame.ts'
import { evaluate, evaluateInExponent, type Group, groupOf, isSamePoint } from './group.ts'
import { hash, indexBytes } from './hash.ts'
import type { Scalar } from './kernel/scalar.ts'
import { KeyShare, keyReport } from './keyshare.ts'
import { bytes, encode, list, type Refused, record, where } from './layout.ts'
import { SCALAR_LENGTH } from './scalar.ts'
import { proofLength, prove, verifyProof } from './schnorr.ts'
import {
  type Bodies,
  check,
  type Random,
  type RoundOutput,
  RoundSession,
  read,
  type Session,
  strictRandom,
} from './session.ts'

const HASH = 32
const MAX_EPOCH = 0xffff_ffff

/** The bodies of the four rounds (SPEC.md section 11). */
export const refreshLayouts = (group: Group, parties: number, threshold: number) => {
  const opening = record({
    coefficients: list(threshold - 1, where(group.isPoint, group.pointLength, 'R3.2')),
    proof: bytes(proofLength(group)),
    salt: bytes(HASH),
  })
  return {
    commit: bytes(HASH),
    echo: list(parties, bytes(HASH)),
    opening,
    open: record({ opening, summand: where(group.isScalar, SCALAR_LENGTH, 'R3.4') }),
    confirm: bytes(proofLength(group)),
  }
}
type Layouts = ReturnType<typeof refreshLayouts>
/** What a dealer opens to all: the points of a_1 … a_t-1, proof for a_1, salt. */
type Opening = Exclude<ReturnType<Layouts['opening']['take']>, Refused>

export type RefreshOptions = {
  share: KeyShare
  /** 32 bytes, fresh and equal at all parties. */
  sessionId: Uint8Array
  random: Random
}

/**
 * New shares of the same key, for its next epoch: every party deals a polynomial without constant term, behind commitments
 * and echoes (SPEC.md section 11). Same public key and chain code, another transcript hash. All n parties take part. The old
 * share stays as it is: the caller erases it once the new epoch is agreed by all, and must not sign with the new one before.
 * @throws MpcError `invalid-argument`
 */
export const createRefresh = ({ share, sessionId, random }: RefreshOptions): Session<KeyShare> => {
  if (sessionId.length !== 32) throw new MpcError('invalid-argument', 'session id must be 32 bytes')
  if (share.epoch >= MAX_EPOCH) throw new MpcError('invalid-argument', 'no epoch is left')
  const run = new Refresh(share, sessionId, strictRandom(random))
  return new RoundSession<KeyShare>({
    protocol: PROTOCOL.refresh,
    self: share.self,
    peers: run.peers,
    tag: run.session.slice(0, TAG_LENGTH),
    begin: () => run.commit(),
    rounds: [
      { bodyLength: run.layouts.commit.length, complete: bodies => run.echo(bodies) },
      { bodyLength: run.layouts.echo.length, complete: bodies => run.open(bodies) },
      { bodyLength: run.layouts.open.length, complete: bodies => run.confirm(bodies) },
      { bodyLength: run.layouts.confirm.length, complete: bodies => run.finish(bodies) },
    ],
    close: () => run.erase(),
  })
}

class Refresh {
  readonly session: Uint8Array
  readonly peers: number[]
  readonly layouts: Layouts
  readonly #all: number[]
  readonly #old: KeyShare
  readonly #group: Group
  readonly #random: Random
  /** a_1 … a_t-1; a_0 is zero and exists nowhere. */
  #coefficients: Scalar[] = []
  /** What all dealers add to the own share. */
  #summands: Scalar[] = []
  readonly #commitments = new Map<number, Uint8Array>()
  /** The own one from `commit` on. */
  readonly #openings = new Map<number, Opening>()
  /** Until it is the result. */
  #next: KeyShare | undefined

  constructor(old: KeyShare, sessionId: Uint8Array, random: Random) {
    const group = groupOf(old.curve)
    this.#old = old
    this.#group = group
    this.#random = random
    this.#all = Array.from({ length: old.parties }, (_, i) => i + 1)
    this.peers = this.#all.filter(index => index !== old.self)
    this.layouts = refreshLayouts(group, old.parties, old.threshold)
    this.session = hash(
      'refresh/session',
      sessionId,
      new TextEncoder().encode(group.name),
      indexBytes([old.parties, old.threshold]),
      u32(old.epoch + 1),
      old.publicKey,
      concat(...old.publicShares),
      old.chainCode,
      old.transcriptHash,
    )
  }

  /** Round 1: commit to a polynomial without constant term. */
  commit(): Map<number, Uint8Array> {
    const group = this.#group
    const { self, threshold } = this.#old
    this.#coefficients = Array.from({ length: threshold - 1 }, () => group.randomScalar(this.#random))
    const coefficients = this.#coefficients.map(value => group.base(value) ?? new Uint8Array(group.pointLength))
    const [first, firstPoint] = [this.#coefficients[0] ?? new Uint8Array(), coefficients[0] ?? new Uint8Array()]
    const proof = prove(group, first, firstPoint, this.#proofContext('coefficient', self), this.#random)
    const opening = { coefficients, proof, salt: this.#random(HASH) }
    this.#openings.set(self, opening)
    const commitment = this.#commitment(self, encode(this.layouts.opening, opening))
    this.#commitments.set(self, commitment)
    return this.#toAll(commitment)
  }

  /** Round 2: echo all commitments. */
  echo(bodies: Bodies): RoundOutput<KeyShare> {
    for (const [from, body] of bodies) this.#commitments.set(from, body.slice())
    return { send: this.#toAll(concat(...this.#all.map(index => this.#committed(index)))) }
  }

  /** Round 3: once every party saw the same commitments, open, and give each peer its summand. */
  open(bodies: Bodies): RoundOutput<KeyShare> {
    for (const [from, body] of bodies) {
      for (const [position, index] of this.#all.entries()) {
        const echoed = body.subarray(position * HASH, (position + 1) * HASH)
        const suspects = [...new Set([index, from])].filter(party => party !== this.#old.self)
        check(equalBytes(echoed, this.#committed(index)), 'R2.1', ...suspects)
      }
    }
    const opening = this.#openingOf(this.#old.self)
    return {
      send: new Map(
        this.peers.map(peer => [peer, encode(this.layouts.open, { opening, summand: this.#evaluate(peer) })]),
      ),
    }
  }

  /** Round 4: verify every opening and summand, then prove knowledge of the new share, bound to the transcript. */
  confirm(bodies: Bodies): RoundOutput<KeyShare> {
    const group = this.#group
    const { self, epoch } = this.#old
    this.#summands = [this.#evaluate(self)]
    for (const [from, body] of bodies) {
      const { opening, summand } = read(this.layouts.open, body, from)
      this.#summands.push(summand)
      const encoded = encode(this.layouts.opening, opening)
      check(equalBytes(this.#commitment(from, encoded), this.#committed(from)), 'R3.1', from)
      const [first = new Uint8Array()] = opening.coefficients
      check(verifyProof(group, opening.proof, first, this.#proofContext('coefficient', from)), 'R3.3', from)
      // The points of a_1 … a_t-1 alone: a summand of a polynomial with another constant term than zero cannot fit.
      check(isSamePoint(group.base(summand), this.#inExponent(opening.coefficients, self)), 'R3.5', from)
      this.#openings.set(from, opening)
    }
    const openings = this.#all.map(index => this.#openingOf(index))
    const publicShares = this.#old.publicShares.map((point, i) =>
      group.sum(point, ...openings.map(({ coefficients }) => this.#inExponent(coefficients, i + 1))),
    )
    const known = publicShares.filter(point => point !== undefined)
    check(known.length === publicShares.length, 'R3.6', ...this.peers)
    const transcriptHash = hash(
      'refresh/transcript',
      this.session,
      ...openings.map(opening => encode(this.layouts.opening, opening)),
    )
    const secret = group.add(KeyShare.secretOf(this.#old), ...this.#summands)
    const report = { ...keyReport(this.#old), publicShares: known, transcriptHash, epoch: epoch + 1 }
    this.#next = new KeyShare(self, secret, report)
    const context = this.#proofContext('share', self, transcriptHash)
    return { send: this.#toAll(prove(group, secret, known[self - 1] ?? new Uint8Array(), context, this.#random)) }
  }

  /** End: every party has the same transcript and holds the share that belongs to its new public share. */
  finish(bodies: Bodies): RoundOutput<KeyShare> {
    const next = this.#next
    if (next === undefined) throw new MpcError('invalid-argument', 'refresh rounds out of order')
    for (const [from, body] of bodies) {
      const point = next.publicShares[from - 1] ?? new Uint8Array()
      const context = this.#proofContext('share', from, next.transcriptHash)
      check(verifyProof(this.#group, body, point, context), 'R4.1', from)
    }
    this.#next = undefined
    return { result: next }
  }

  erase(): void {
    for (const secret of [...this.#coefficients, ...this.#summands]) secret.fill(0)
    this.#coefficients = []
    if (this.#next !== undefined) KeyShare.secretOf(this.#next).fill(0)
    this.#next = undefined
  }

  #committed(party: number): Uint8Array {
    return this.#commitments.get(party) ?? new Uint8Array(HASH)
  }

  #commitment(party: number, opening: Uint8Array): Uint8Array {
    return hash('refresh/commitment', this.session, indexBytes([party]), opening)
  }

  #openingOf(party: number): Opening {
    const opening = this.#openings.get(party)
    if (opening === undefined) throw new MpcError('invalid-argument', 'refresh rounds out of order')
    return opening
  }

  #proofContext(kind: 'coefficient' | 'share', party: number, transcript: Uint8Array = new Uint8Array()): Uint8Array {
    return hash(`refresh/proof-${kind}`, this.session, indexBytes([party]), transcript)
  }

  /** The own polynomial at x: its constant term is zero. */
  #evaluate(x: number): Scalar {
    const group = this.#group
    return evaluate(group, [group.scalarOf(0), ...this.#coefficients], x)
  }

  /** f(x)·G out of the points of a_1 … a_t-1. */
  #inExponent(points: readonly Point[], x: number): Point | undefined {
    const group = this.#group
    const inner = evaluateInExponent(group, points, x)
    return inner === undefined ? undefined : group.multiply(inner, group.scalarOf(x))
  }

  #toAll(body: Uint8Array): Map<number, Uint8Array> {
    return new Map(this.peers.map(peer => [peer, body]))
  }
}
