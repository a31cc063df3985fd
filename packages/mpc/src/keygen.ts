import { concat, equalBytes } from './bytes.ts'
import { MpcError } from './errors.ts'
import { PROTOCOL, TAG_LENGTH } from './frame.ts'
import { type Curve, evaluate, evaluateInExponent, type Group, groupOf, isSamePoint } from './group.ts'
import { hash, indexBytes } from './hash.ts'
import type { Scalar } from './kernel/scalar.ts'
import { areValidParameters, KeyShare } from './keyshare.ts'
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

/** The bodies of the four rounds (SPEC.md section 3). */
export const keygenLayouts = (group: Group, parties: number, threshold: number) => {
  const opening = record({
    coefficients: list(threshold, where(group.isPoint, group.pointLength, 'K3.2')),
    proof: bytes(proofLength(group)),
    chainCode: bytes(HASH),
    salt: bytes(HASH),
  })
  return {
    commit: bytes(HASH),
    echo: list(parties, bytes(HASH)),
    opening,
    open: record({ opening, share: where(group.isScalar, SCALAR_LENGTH, 'K3.4') }),
    confirm: bytes(proofLength(group)),
  }
}
type Layouts = ReturnType<typeof keygenLayouts>
/** What a party opens to all: coefficients times G, proof for the constant term, chain code share, salt. */
type Opening = Exclude<ReturnType<Layouts['opening']['take']>, Refused>

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
      { bodyLength: run.layouts.commit.length, complete: bodies => run.echo(bodies) },
      { bodyLength: run.layouts.echo.length, complete: bodies => run.open(bodies) },
      { bodyLength: run.layouts.open.length, complete: bodies => run.confirm(bodies) },
      { bodyLength: run.layouts.confirm.length, complete: bodies => run.finish(bodies) },
    ],
    close: () => run.erase(),
  })
}

class Keygen {
  readonly session: Uint8Array
  readonly peers: number[]
  readonly layouts: Layouts
  readonly #group: Group
  readonly #all: number[]
  readonly #options: KeygenOptions
  #coefficients: Scalar[] = []
  #commitments = new Map<number, Uint8Array>()
  /** The own one from `commit` on. */
  #openings = new Map<number, Opening>()
  /** f_k(self) of all dealers. */
  #dealt: Scalar[] = []
  /** Until it is the result. */
  #share: KeyShare | undefined

  constructor(options: KeygenOptions) {
    this.#options = options
    this.#all = Array.from({ length: options.parties }, (_, i) => i + 1)
    this.peers = this.#all.filter(index => index !== options.self)
    this.#group = groupOf(options.curve ?? 'secp256k1')
    this.layouts = keygenLayouts(this.#group, options.parties, options.threshold)
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
    const coefficients = this.#coefficients.map(value => group.base(value) ?? new Uint8Array(group.pointLength))
    const proof = prove(
      group,
      this.#coefficients[0] ?? new Uint8Array(SCALAR_LENGTH),
      coefficients[0] ?? new Uint8Array(),
      this.#proofContext('constant', self),
      random,
    )
    const opening = { coefficients, proof, chainCode: random(HASH), salt: random(HASH) }
    this.#openings.set(self, opening)
    const commitment = this.#commitment(self, encode(this.layouts.opening, opening))
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
    const group = this.#group
    const opening = this.#openingOf(this.#options.self)
    const send = new Map<number, Uint8Array>()
    for (const peer of this.peers) {
      const share = evaluate(group, this.#coefficients, peer)
      send.set(peer, encode(this.layouts.open, { opening, share }))
    }
    return { send }
  }

  /** Round 4: verify every opening and share, then prove knowledge of the own final share, bound to the transcript. */
  confirm(bodies: Bodies): RoundOutput<KeyShare> {
    const { self, parties, threshold, random } = this.#options
    const group = this.#group
    this.#dealt = [evaluate(group, this.#coefficients, self)]
    for (const [from, body] of bodies) {
      const { opening, share } = read(this.layouts.open, body, from)
      this.#dealt.push(share)
      const encoded = encode(this.layouts.opening, opening)
      check(equalBytes(this.#commitment(from, encoded), this.#commitments.get(from) ?? new Uint8Array()), 'K3.1', from)
      const [constant = new Uint8Array()] = opening.coefficients
      check(verifyProof(group, opening.proof, constant, this.#proofContext('constant', from)), 'K3.3', from)
      check(isSamePoint(group.base(share), evaluateInExponent(group, opening.coefficients, self)), 'K3.5', from)
      this.#openings.set(from, opening)
    }
    const openings = this.#all.map(index => this.#openingOf(index))
    const publicKey = group.sum(...openings.map(({ coefficients }) => coefficients[0]))
    const publicShares = this.#all.map(index =>
      group.sum(...openings.map(({ coefficients }) => evaluateInExponent(group, coefficients, index))),
    )
    const own = publicShares[self - 1]
    check(publicKey !== undefined && publicShares.every(point => point !== undefined), 'K3.6', ...this.peers)
    // XOR would let the last opener choose it without commitments; the hash also binds the session.
    const chainCode = hash('keygen/chain-code', this.session, ...openings.map(opening => opening.chainCode))
    const transcriptHash = hash(
      'keygen/transcript',
      this.session,
      ...openings.map(opening => encode(this.layouts.opening, opening)),
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
    this.#openings.clear()
    this.#share = undefined
  }

  #openingOf(party: number): Opening {
    const opening = this.#openings.get(party)
    if (opening === undefined) throw new MpcError('invalid-argument', 'keygen rounds out of order')
    return opening
  }

  #commitment(party: number, opening: Uint8Array): Uint8Array {
    return hash('keygen/commitment', this.session, indexBytes([party]), opening)
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
