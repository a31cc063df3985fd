import { boundRandom } from './bound-random.ts'
import { concat, equalBytes, u32 } from './bytes.ts'
import { basePoint, curve, multiply, type Point, samePoint, sum } from './curve.ts'
import type { Derived } from './derive.ts'
import { MpcError } from './errors.ts'
import { hash, hash64, indexBytes } from './hash.ts'
import { add, multiplyAdd, randomSecret, reduceSecret, type Scalar, subtract } from './kernel/scalar.ts'
import { KeyShare } from './keyshare.ts'
import { encode } from './layout.ts'
import type { OtPair } from './pair-state.ts'
import { type PairMaterial, type RvoleAlice, RvoleBob, rvoleAlice } from './rvole.ts'
import { HALF_ORDER, invert, lagrange, mod, ORDER, reduce, SCALAR_LENGTH, scalarBytes } from './scalar.ts'
import { type Bodies, check, type RoundOutput, read } from './session.ts'
import {
  type Broadcast,
  type Opening,
  opening,
  payload,
  type Signature,
  type SigningOptions,
  type signingLayouts,
} from './signing-messages.ts'

const HASH = 32

export type Claim = { pair: OtPair; material: PairMaterial }

/** Everything between this party and one peer. */
type Link = Claim & {
  /** This party's choice bits: the multiplication in which the peer inputs nonce and key share. */
  bob: RvoleBob
  psi: Scalar
  psiSalt: Uint8Array
  /** Inputs of the check columns as Alice. */
  checks: readonly [Scalar, Scalar]
  /** From round 1 on. */
  alice?: RvoleAlice
  commitment: Uint8Array
  psiCommitment: Uint8Array
  /** From round 2 on: this party's shares of (own nonce, own key share) times the peer's chosen scalar. */
  output?: [Scalar, Scalar]
}

/**
 * All randomness is drawn before the first frame, so every later frame is a function of what was received: a rewound copy
 * that hears the same repeats itself. A fresh check scalar, for one, would give a second equation on the same inputs.
 */
export class Signing {
  readonly session: Uint8Array
  readonly #layouts: ReturnType<typeof signingLayouts>
  readonly #self: number
  readonly #signers: readonly number[]
  readonly #digest: Uint8Array
  readonly #publicKey: Point
  readonly #links = new Map<number, Link>()
  readonly #nonce: Scalar
  readonly #blind: Scalar
  readonly #key: Scalar
  readonly #noncePoint: Point
  readonly #keyPoint: Point
  readonly #salt: Uint8Array
  readonly #digests = new Map<number, Uint8Array>()
  /** Set by `combine`: joint nonce point and own summands of numerator and denominator. */
  #final: { noncePoint: Point; w: Scalar; u: Scalar } | undefined

  constructor(
    options: SigningOptions,
    layouts: ReturnType<typeof signingLayouts>,
    derived: Derived,
    claims: ReadonlyMap<number, Claim>,
  ) {
    this.#layouts = layouts
    const { self, signers, share, path, digest, sessionId } = options
    this.#self = self
    this.#signers = [...signers]
    this.#digest = new Uint8Array(digest)
    this.#publicKey = derived.publicKey
    this.session = hash(
      'signing/session',
      sessionId,
      share.publicKey,
      share.transcriptHash,
      indexBytes(signers),
      concat(...path.map(u32)),
      digest,
    )
    const random = boundRandom(options.random, this.session, KeyShare.secretOf(share))
    this.#nonce = randomSecret(random)
    this.#blind = randomSecret(random)
    this.#salt = random(HASH)
    let zero: Scalar = new Uint8Array(SCALAR_LENGTH)
    for (const [peer, { pair, material }] of claims) {
      const bob = new RvoleBob(material, this.session, self, random)
      const shared = reduceSecret(hash64('signing/zero-share', material.zeroSeed, this.session))
      const total = self < peer ? add(zero, shared) : subtract(zero, shared)
      for (const secret of [shared, zero]) secret.fill(0)
      zero = total
      this.#links.set(peer, {
        pair,
        material,
        bob,
        psi: subtract(this.#blind, bob.input),
        psiSalt: random(HASH),
        checks: [randomSecret(random), randomSecret(random)],
        commitment: new Uint8Array(),
        psiCommitment: new Uint8Array(),
      })
    }
    // The tweak is added to every share: the Lagrange coefficients sum to one.
    const derivedShare = add(KeyShare.secretOf(share), scalarBytes(derived.tweak))
    this.#key = multiplyAdd(scalarBytes(lagrange(self, signers)), derivedShare, zero)
    for (const secret of [derivedShare, zero]) secret.fill(0)
    this.#noncePoint = curve.base(this.#nonce)
    this.#keyPoint = curve.base(this.#key)
  }

  /** Round 1: commit to nonce point and key point, start one multiplication per peer. */
  commit(): Map<number, Uint8Array> {
    const payloads = new Map<number, Uint8Array>()
    for (const [peer, link] of this.#links) {
      const psiCommitment = this.#psiCommitment(this.#self, peer, link.psi, link.psiSalt)
      payloads.set(peer, encode(payload, { extension: link.bob.request, psiCommitment }))
    }
    const broadcast = {
      commitment: this.#commitment(this.#self, this.#opening()),
      payloadHashes: [...payloads].map(([peer, sent]) => this.#payloadHash(this.#self, peer, sent)),
    }
    this.#digests.set(this.#self, this.#broadcastDigest(this.#self, broadcast))
    return new Map(
      [...payloads].map(([peer, sent]) => [peer, encode(this.#layouts.commit, { broadcast, payload: sent })]),
    )
  }

  /** Round 2: check what was sent to this party against the broadcast part, then echo all broadcast parts. */
  echo(bodies: Bodies): RoundOutput<Signature> {
    for (const [from, body] of bodies) {
      const link = this.#link(from)
      // Whoever made that session fail need not be `from`, nor have cheated here.
      check(!link.pair.erased, 'S1.0')
      const { broadcast, payload: sent } = read(this.#layouts.commit, body, from)
      const position = this.#signers.filter(index => index !== from).indexOf(this.#self)
      const promised = broadcast.payloadHashes[position] ?? new Uint8Array()
      check(equalBytes(promised, this.#payloadHash(from, this.#self, sent)), 'S1.1', from)
      const { extension, psiCommitment } = read(payload, sent, from)
      const alice = rvoleAlice(link.material, this.session, from, extension)
      check(alice !== undefined, 'S1.2', from)
      if (alice !== undefined) link.alice = alice
      link.commitment = broadcast.commitment
      link.psiCommitment = psiCommitment
      this.#digests.set(from, this.#broadcastDigest(from, broadcast))
    }
    return {
      send: this.#toAll(() => concat(...this.#signers.map(index => this.#digests.get(index) ?? new Uint8Array(HASH)))),
    }
  }

  /** Round 3: once all saw the same round 1, open the commitments and answer the multiplications. */
  multiply(bodies: Bodies): RoundOutput<Signature> {
    for (const [from, body] of bodies) {
      for (const [position, index] of this.#signers.entries()) {
        const echoed = body.subarray(position * HASH, (position + 1) * HASH)
        const suspects = [...new Set([index, from])].filter(party => party !== this.#self)
        check(equalBytes(echoed, this.#digests.get(index) ?? new Uint8Array()), 'S2.1', ...suspects)
      }
    }
    return {
      send: this.#toAll(link => {
        if (link.alice === undefined) throw new MpcError('invalid-argument', 'signing rounds out of order')
        const { reply, output } = link.alice.multiply([this.#nonce, this.#key], link.checks)
        link.alice.erase()
        link.output = output
        return concat(
          encode(opening, this.#opening()),
          reply,
          curve.base(output[0]),
          curve.base(output[1]),
          link.psi,
          link.psiSalt,
        )
      }),
    }
  }

  /** Round 4: all consistency checks of the paper, then this party's summands of the signature. */
  combine(bodies: Bodies): RoundOutput<Signature> {
    const noncePoints = [this.#noncePoint]
    const keyPoints = [this.#keyPoint]
    const blinds: Scalar[] = [this.#blind]
    const nonceShares: Scalar[] = []
    const keyShares: Scalar[] = []
    for (const [from, body] of bodies) {
      const verified = this.#verifyReply(from, body)
      noncePoints.push(verified.noncePoint)
      keyPoints.push(verified.keyPoint)
      blinds.push(verified.psi)
      nonceShares.push(...verified.nonceShares)
      keyShares.push(...verified.keyShares)
    }
    const peers = [...this.#links.keys()]
    check(samePoint(sum(...keyPoints), this.#publicKey), 'S3.7', ...peers)
    const noncePoint = sum(...noncePoints)
    const r = noncePoint === undefined ? 0n : reduce(noncePoint, 1)
    check(r !== 0n, 'S3.8', ...peers)
    const blind = add(...blinds)
    const sums = [add(...nonceShares), add(...keyShares)] as const
    const u = multiplyAdd(this.#nonce, blind, sums[0])
    const v = multiplyAdd(this.#key, blind, sums[1])
    const rv = multiplyAdd(scalarBytes(r), v)
    const w = multiplyAdd(this.#digest, this.#blind, rv)
    for (const secret of [blind, ...sums, v, rv, ...nonceShares, ...keyShares]) secret.fill(0)
    this.#final = { noncePoint: noncePoint ?? new Uint8Array(), w, u }
    return { send: this.#toAll(() => encode(this.#layouts.combine, { w, u })) }
  }

  /** End: sum, normalise to low-S, verify. */
  finish(bodies: Bodies): RoundOutput<Signature> {
    if (this.#final === undefined) throw new MpcError('invalid-argument', 'signing rounds out of order')
    // Opened by now: what this party sent to all.
    let [w, u] = [reduce(this.#final.w), reduce(this.#final.u)]
    for (const [from, body] of bodies) {
      const peer = read(this.#layouts.combine, body, from)
      w += reduce(peer.w)
      u += reduce(peer.u)
    }
    const peers = [...this.#links.keys()]
    check(mod(u) !== 0n && mod(w) !== 0n, 'S4.2', ...peers)
    const { noncePoint } = this.#final
    const full = mod(w * invert(u))
    const high = full > HALF_ORDER
    const s = scalarBytes(high ? ORDER - full : full)
    const r = scalarBytes(reduce(noncePoint, 1))
    check(curve.verify(concat(r, s), this.#digest, this.#publicKey), 'S4.2', ...peers)
    const odd = ((noncePoint[0] ?? 0) & 1) ^ (high ? 1 : 0)
    const overflow = equalBytes(r, noncePoint.slice(1)) ? 0 : 2
    return { result: { r, s, recovery: odd | overflow } }
  }

  erase(): void {
    for (const link of this.#links.values()) {
      link.bob.erase()
      link.alice?.erase()
      for (const secret of [link.psi, ...link.checks, ...(link.output ?? [])]) secret.fill(0)
    }
    this.#links.clear()
    for (const secret of [this.#nonce, this.#blind, this.#key]) secret.fill(0)
    this.#final = undefined
  }

  #verifyReply(from: number, body: Uint8Array) {
    const link = this.#link(from)
    const { opening: opened, reply, nonceGamma, keyGamma, psi, psiSalt } = read(this.#layouts.multiply, body, from)
    const { noncePoint, keyPoint } = opened
    check(equalBytes(this.#commitment(from, opened), link.commitment), 'S3.1', from)
    check(equalBytes(this.#psiCommitment(from, this.#self, psi, psiSalt), link.psiCommitment), 'S3.3', from)
    const shares = link.bob.finish(reply)
    check(shares !== undefined, 'S3.4', from)
    if (shares === undefined) throw new MpcError('malformed', 'unreachable')
    const [nonceShare, keyShare] = shares
    check(samePoint(multiply(noncePoint, link.bob.input), sum(nonceGamma, basePoint(nonceShare))), 'S3.5', from)
    check(samePoint(multiply(keyPoint, link.bob.input), sum(keyGamma, basePoint(keyShare))), 'S3.6', from)
    if (link.output === undefined) throw new MpcError('invalid-argument', 'signing rounds out of order')
    const [nonceOutput, keyOutput] = link.output
    return {
      noncePoint,
      keyPoint,
      psi,
      nonceShares: [nonceShare, nonceOutput],
      keyShares: [keyShare, keyOutput],
    }
  }

  #link(peer: number): Link {
    const link = this.#links.get(peer)
    if (link === undefined) throw new MpcError('invalid-argument', `party ${peer} does not sign here`)
    return link
  }

  #opening(): Opening {
    return { noncePoint: this.#noncePoint, keyPoint: this.#keyPoint, salt: this.#salt }
  }

  #commitment(party: number, opened: Opening): Uint8Array {
    return hash('signing/commitment', this.session, indexBytes([party]), encode(opening, opened))
  }

  #psiCommitment(from: number, to: number, psi: Uint8Array, salt: Uint8Array): Uint8Array {
    return hash('signing/psi', this.session, indexBytes([from, to]), psi, salt)
  }

  #payloadHash(from: number, to: number, sent: Uint8Array): Uint8Array {
    return hash('signing/payload', this.session, indexBytes([from, to]), sent)
  }

  #broadcastDigest(party: number, { commitment, payloadHashes }: Broadcast): Uint8Array {
    return hash('signing/broadcast', this.session, indexBytes([party]), concat(commitment, ...payloadHashes))
  }

  #toAll(body: (link: Link) => Uint8Array): Map<number, Uint8Array> {
    return new Map([...this.#links].map(([peer, link]) => [peer, body(link)]))
  }
}
