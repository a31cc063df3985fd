import { concat, equalBytes, Fields } from './bytes.ts'
import type { Point } from './curve.ts'
import { MpcError } from './errors.ts'
import { PROTOCOL, TAG_LENGTH } from './frame.ts'
import { type Curve, evaluate, evaluateInExponent, type Group, groupOf, isSamePoint } from './group.ts'
import { hash, indexBytes } from './hash.ts'
import type { Scalar } from './kernel/scalar.ts'
import { areValidParameters, KeyShare } from './keyshare.ts'
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

export type KeygenOptions = {
  /** Default secp256k1. */
  curve?: Curve
  /** Own index, 1..parties. */
  self: number
  /** n, 2..5. */
  parties: number
  /** t, 2..n: how many must sign. */
  threshold: number
  /** 32 bytes, fresh and equal at all parties. */
  sessionId: Uint8Array
  random: Random
}

const HASH = 32

/**
 * Distributed key generation: joint Feldman sharing behind commitments, with proofs of knowledge, echo broadcast and a
 * joint chain code (SPEC.md section 3). Four rounds; all parties end with the same `transcriptHash`.
 * @throws MpcError `invalid-argument`
 */
export const createKeygen = (options: KeygenOptions): Session<KeyShare> => {
  const { self, parties, threshold, sessionId } = options
  if (!areValidParameters(parties, threshold) || !Number.isInteger(self) || self < 1 || self > parties) {
    throw new MpcError('invalid-argument', 'keygen needs 2 <= threshold <= parties <= 5 and 1 <= self <= parties')
  }
  if (sessionId.length !== 32) throw new MpcError('invalid-argument', 'session id must be 32 bytes')
  const run = new Keygen({ ...options, random: strictRandom(options.random) })
  return new RoundSession<KeyShare>({
    protocol: PROTOCOL.keygen,
    self,
    peers: run.peers,
    tag: run.session.slice(0, TAG_LENGTH),
    begin: () => run.commit(),
    rounds: [
      { bodyLength: HASH, complete: bodies => run.echo(bodies) },
      { bodyLength: parties * HASH, complete: bodies => run.open(bodies) },
      { bodyLength: run.openingLength + SCALAR_LENGTH, complete: bodies => run.confirm(bodies) },
      { bodyLength: run.proofLength, complete: bodies => run.finish(bodies) },
    ],
    close: () => run.erase(),
  })
}

class Keygen {
  readonly session: Uint8Array
  readonly peers: number[]
  readonly proofLength: number
  readonly openingLength: number
  readonly #group: Group
  readonly #all: number[]
  readonly #options: KeygenOptions
  #coefficients: Scalar[] = []
  /** Broadcast part of the own opening: coefficient points, proof, chain code share, salt. */
  #opening: Uint8Array = new Uint8Array()
  #commitments = new Map<number, Uint8Array>()
  #openings = new Map<number, Uint8Array>()
  /** f_k(self) of all dealers. */
  #dealt: Scalar[] = []
  /** Until it is the result. */
  #share: KeyShare | undefined

  constructor(options: KeygenOptions) {
    this.#options = options
    this.#all = Array.from({ length: options.parties }, (_, i) => i + 1)
    this.peers = this.#all.filter(index => index !== options.self)
    this.#group = groupOf(options.curve ?? 'secp256k1')
    this.proofLength = proofLength(this.#group)
    this.openingLength = options.threshold * this.#group.pointLength + this.proofLength + 2 * HASH
    this.session = hash(
      'keygen/session',
      options.sessionId,
      indexBytes([options.parties, options.threshold]),
      new TextEncoder().encode(this.#group.name),
    )
  }

  /** Round 1: commit to polynomial, proof of knowledge and chain code share. */
  commit(): Map<number, Uint8Array> {
    const { self, threshold, random } = this.#options
    const group = this.#group
    this.#coefficients = Array.from({ length: threshold }, () => group.randomScalar(random))
    const points = this.#coefficients.map(value => group.base(value) ?? new Uint8Array(group.pointLength))
    const proof = prove(
      group,
      this.#coefficients[0] ?? new Uint8Array(SCALAR_LENGTH),
      points[0] ?? new Uint8Array(),
      this.#proofContext('constant', self),
      random,
    )
    this.#opening = concat(...points, proof, random(32), random(32))
    const commitment = this.#commitment(self, this.#opening)
    this.#commitments.set(self, commitment)
    return this.#toAll(commitment)
  }

  /** Round 2: echo all commitments. */
  echo(bodies: Bodies): RoundOutput<KeyShare> {
    for (const [from, body] of bodies) this.#commitments.set(from, body.slice())
    return {
      send: this.#toAll(concat(...this.#all.map(index => this.#commitments.get(index) ?? new Uint8Array(HASH)))),
    }
  }

  /** Round 3: once every party saw the same commitments, open, and give each peer its share. */
  open(bodies: Bodies): RoundOutput<KeyShare> {
    this.#checkEcho(bodies)
    const { self } = this.#options
    const group = this.#group
    this.#openings.set(self, this.#opening)
    const send = new Map<number, Uint8Array>()
    for (const peer of this.peers) send.set(peer, concat(this.#opening, evaluate(group, this.#coefficients, peer)))
    return { send }
  }

  /** Round 4: verify every opening and share, then prove knowledge of the own final share, bound to the transcript. */
  confirm(bodies: Bodies): RoundOutput<KeyShare> {
    const { self, parties, threshold, random } = this.#options
    const group = this.#group
    this.#dealt = [evaluate(group, this.#coefficients, self)]
    const dealt = new Map<number, Point[]>([[self, this.#coefficientPoints(this.#opening)]])
    for (const [from, body] of bodies) {
      const opening = body.slice(0, body.length - SCALAR_LENGTH)
      check(equalBytes(this.#commitment(from, opening), this.#commitments.get(from) ?? new Uint8Array()), 'K3.1', from)
      const points = this.#coefficientPoints(opening)
      check(points.every(group.isPoint), 'K3.2', from)
      const proof = opening.slice(this.#proofAt, this.#proofAt + this.proofLength)
      check(
        verifyProof(group, proof, points[0] ?? new Uint8Array(), this.#proofContext('constant', from)),
        'K3.3',
        from,
      )
      const share = body.slice(body.length - SCALAR_LENGTH)
      this.#dealt.push(share)
      check(group.isScalar(share), 'K3.4', from)
      check(isSamePoint(group.base(share), evaluateInExponent(group, points, self)), 'K3.5', from)
      dealt.set(from, points)
      this.#openings.set(from, opening)
    }
    const publicKey = group.sum(...[...dealt.values()].map(points => points[0]))
    const publicShares = this.#all.map(index =>
      group.sum(...[...dealt.values()].map(points => evaluateInExponent(group, points, index))),
    )
    const own = publicShares[self - 1]
    check(publicKey !== undefined && publicShares.every(point => point !== undefined), 'K3.6', ...this.peers)
    const chainCode = this.#jointChainCode()
    const transcriptHash = hash(
      'keygen/transcript',
      this.session,
      ...this.#all.map(index => this.#openings.get(index) ?? new Uint8Array()),
    )
    const points = publicShares.filter(point => point !== undefined)
    const report = {
      curve: group.name,
      parties,
      threshold,
      publicKey: publicKey ?? new Uint8Array(),
      publicShares: points,
    }
    const secret = group.add(...this.#dealt)
    this.#share = new KeyShare(self, secret, { ...report, chainCode, transcriptHash, epoch: 0 })
    return {
      send: this.#toAll(
        prove(group, secret, own ?? new Uint8Array(), this.#proofContext('share', self, transcriptHash), random),
      ),
    }
  }

  /** End: every party has the same transcript and holds the share that belongs to its public share. */
  finish(bodies: Bodies): RoundOutput<KeyShare> {
    const share = this.#share
    if (share === undefined) throw new MpcError('invalid-argument', 'keygen rounds out of order')
    for (const [from, body] of bodies) {
      const point = share.publicShares[from - 1] ?? new Uint8Array()
      check(
        verifyProof(this.#group, body, point, this.#proofContext('share', from, share.transcriptHash)),
        'K4.1',
        from,
      )
    }
    this.#share = undefined
    return { result: share }
  }

  erase(): void {
    for (const secret of [...this.#coefficients, ...this.#dealt]) secret.fill(0)
    if (this.#share !== undefined) KeyShare.secretOf(this.#share).fill(0)
    this.#coefficients = []
    this.#opening.fill(0)
    this.#share = undefined
  }

  /** XOR would let the last opener choose it without commitments; the hash also binds the session. */
  #jointChainCode(): Uint8Array {
    const offset = this.#proofAt + this.proofLength
    const contributions = this.#all.map(index =>
      (this.#openings.get(index) ?? new Uint8Array()).slice(offset, offset + 32),
    )
    return hash('keygen/chain-code', this.session, ...contributions)
  }

  get #proofAt(): number {
    return this.#options.threshold * this.#group.pointLength
  }

  #commitment(party: number, opening: Uint8Array): Uint8Array {
    return hash('keygen/commitment', this.session, indexBytes([party]), opening)
  }

  #coefficientPoints(opening: Uint8Array): Point[] {
    const fields = new Fields(opening)
    return Array.from({ length: this.#options.threshold }, () => fields.take(this.#group.pointLength))
  }

  #proofContext(kind: 'constant' | 'share', party: number, transcript: Uint8Array = new Uint8Array()): Uint8Array {
    return hash(`keygen/proof-${kind}`, this.session, indexBytes([party]), transcript)
  }

  /** A differing position means that its party equivocated or that the echoing party lies. */
  #checkEcho(bodies: Bodies): void {
    for (const [from, body] of bodies) {
      for (const [position, index] of this.#all.entries()) {
        const echoed = body.subarray(position * HASH, (position + 1) * HASH)
        const suspects = [...new Set([index, from])].filter(party => party !== this.#options.self)
        check(equalBytes(echoed, this.#commitments.get(index) ?? new Uint8Array()), 'K2.1', ...suspects)
      }
    }
  }

  #toAll(body: Uint8Array): Map<number, Uint8Array> {
    return new Map(this.peers.map(peer => [peer, body]))
  }
}
