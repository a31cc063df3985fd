import { concat, equalBytes, u32 } from '../bytes.ts'
import type { Point } from '../curve.ts'
import { MpcError } from '../errors.ts'
import { PROTOCOL, TAG_LENGTH } from '../frame.ts'
import { type Group, isSamePoint } from '../group.ts'
import { hash, indexBytes } from '../hash.ts'
import type { Scalar } from '../kernel/scalar.ts'
import { KeyShare } from '../keyshare.ts'
import { bytes, encode, list, record, where } from '../layout.ts'
import { SCALAR_LENGTH } from '../scalar.ts'
import {
  type Bodies,
  check,
  type Random,
  type RoundOutput,
  RoundSession,
  read,
  type Session,
  strictRandom,
} from '../session.ts'
import {
  bindingFactors,
  boundNonce,
  type Commitment,
  keyFactor,
  type Nonces,
  nonceGenerate,
  signatureShare,
} from './core.ts'
import { encodeTaproot, publicShareFor, type SigningKey, secretFor, signingKey, type Taproot } from './signing-key.ts'
import { type Ciphersuite, isEven, suiteOf } from './suite.ts'

export type FrostSigningOptions = {
  self: number
  /** Distinct party indexes, ascending, at least `threshold`, containing `self`. */
  signers: readonly number[]
  /** An Ed25519 share signs per RFC 8032, a secp256k1 share per BIP-340. */
  share: KeyShare
  /** Non-hardened path from the master key; [] signs with the master key. */
  path: readonly number[]
  /** secp256k1 only: sign with the tweaked output key of BIP-341. */
  taproot?: Taproot
  /** Up to 64 KiB for Ed25519; exactly 32 bytes for BIP-340. */
  message: Uint8Array
  /** 32 bytes, fresh for every session, equal at all signers. */
  sessionId: Uint8Array
  random: Random
}

/** Verified. `signature` is 64 bytes, `publicKey` the 32 bytes under which it verifies (x-only for BIP-340). */
export type SchnorrSignature = { signature: Uint8Array; publicKey: Uint8Array }

const MAX_MESSAGE = 65_536

/** The bodies of the three rounds (SPEC.md section 12). E is read where it is multiplied, which refuses what is no point. */
export const frostLayouts = (group: Group, signers: number) => {
  const binding = bytes(group.pointLength)
  return {
    commit: record({ hiding: where(group.isPoint, group.pointLength, 'T1.1'), binding }),
    echo: list(signers, bytes(2 * group.pointLength)),
    sign: where(group.isScalar, SCALAR_LENGTH, 'T3.1'),
  }
}

/**
 * FROST (RFC 9591) for Ed25519 or BIP-340, with an echo round between its two: commit, echo, sign (SPEC.md section 12).
 * Every signer aggregates and verifies.
 * @throws MpcError `invalid-argument`, `derivation`
 */
export const createFrostSigning = (options: FrostSigningOptions): Session<SchnorrSignature> => {
  const { self, signers, share, path, taproot, message, sessionId } = options
  const ascending = signers.every((index, i) => Number.isInteger(index) && index > (signers[i - 1] ?? 0))
  if (!ascending || (signers.at(-1) ?? 0) > share.parties || signers.length < share.threshold) {
    throw new MpcError('invalid-argument', 'signers must be ascending party indexes, at least as many as the threshold')
  }
  if (share.self !== self || !signers.includes(self)) {
    throw new MpcError('invalid-argument', 'the key share is not this signer’s')
  }
  if (sessionId.length !== 32) throw new MpcError('invalid-argument', 'session id must be 32 bytes')
  if (message.length > MAX_MESSAGE || (share.curve === 'secp256k1' && message.length !== 32)) {
    throw new MpcError('invalid-argument', 'a message has 32 bytes for BIP-340, at most 65,536 for Ed25519')
  }
  const run = new FrostSigning(options, signingKey(share, path, taproot))
  return new RoundSession<SchnorrSignature>({
    protocol: PROTOCOL.frost,
    self,
    peers: run.peers,
    tag: run.session.slice(0, TAG_LENGTH),
    begin: () => run.commit(),
    rounds: [
      { bodyLength: run.layouts.commit.length, complete: bodies => run.echo(bodies) },
      { bodyLength: run.layouts.echo.length, complete: bodies => run.sign(bodies) },
      { bodyLength: run.layouts.sign.length, complete: bodies => run.finish(bodies) },
    ],
    close: () => run.erase(),
  })
}

/** What all signers know once the commitments are known. */
type Joint = {
  /** R; where the suite wants an even one, `negated` says that it was turned. */
  noncePoint: Point
  negated: boolean
  challenge: Scalar
  /** ρ · E of each peer. */
  bound: ReadonlyMap<number, Point>
}

class FrostSigning {
  readonly session: Uint8Array
  readonly peers: readonly number[]
  readonly layouts: ReturnType<typeof frostLayouts>
  readonly #self: number
  readonly #signers: readonly number[]
  readonly #suite: Ciphersuite
  readonly #key: SigningKey
  readonly #publicShares: readonly Point[]
  readonly #message: Uint8Array
  readonly #nonces: Nonces
  readonly #secret: Scalar
  /** Of all signers, ascending; complete from `echo` on. */
  #commitments: readonly Commitment[] = []
  #echoed: Uint8Array = new Uint8Array()
  /** Set by `echo`. */
  #joint: Joint | undefined
  /** d + ρ · e; set by `echo`. */
  #nonce: Scalar | undefined
  /** Own signature share; set by `sign`. */
  #response: Scalar | undefined

  constructor(options: FrostSigningOptions, key: SigningKey) {
    const { self, signers, share, path, taproot, sessionId } = options
    const random = strictRandom(options.random)
    const suite = suiteOf(share.curve)
    this.#self = self
    this.#signers = [...signers]
    this.peers = signers.filter(index => index !== self)
    this.#suite = suite
    this.#key = key
    this.#publicShares = share.publicShares
    this.#message = new Uint8Array(options.message)
    this.layouts = frostLayouts(suite.group, signers.length)
    this.session = hash(
      'frost/session',
      sessionId,
      new TextEncoder().encode(suite.name),
      share.publicKey,
      share.transcriptHash,
      indexBytes(signers),
      concat(...path.map(u32)),
      encodeTaproot(taproot),
      this.#message,
    )
    const secret = KeyShare.secretOf(share)
    // Fresh randomness bound to the session: a source that repeats itself repeats no nonce in another session.
    const drawn = random(64)
    const nonce = (which: number): Scalar => {
      const bound = hash('frost/nonce', this.session, indexBytes([self, which]), drawn)
      const scalar = nonceGenerate(suite, bound, secret)
      bound.fill(0)
      return scalar
    }
    this.#nonces = { hiding: nonce(0), binding: nonce(1) }
    drawn.fill(0)
    this.#secret = secretFor(suite.group, key, secret)
  }

  /** Round 1: commit to two nonces. */
  commit(): Map<number, Uint8Array> {
    const { group } = this.#suite
    const [hiding, binding] = [group.base(this.#nonces.hiding), group.base(this.#nonces.binding)]
    if (hiding === undefined || binding === undefined) {
      throw new MpcError('invalid-argument', 'the random source gave a zero nonce')
    }
    this.#commitments = [{ index: this.#self, hiding, binding }]
    return this.#toAll(encode(this.layouts.commit, { hiding, binding }))
  }

  /** Round 2: fix the joint nonce point and echo all commitments. */
  echo(bodies: Bodies): RoundOutput<SchnorrSignature> {
    const { group } = this.#suite
    const received = [...bodies].map(([index, body]) => ({ index, ...read(this.layouts.commit, body, index) }))
    const commitments = [...this.#commitments, ...received].toSorted((a, b) => a.index - b.index)
    this.#commitments = commitments
    this.#echoed = concat(...commitments.flatMap(({ hiding, binding }) => [hiding, binding]))
    const factors = bindingFactors(this.#suite, this.#key.publicKey, commitments, this.#message)
    const bound = new Map<number, Point>()
    for (const { index, binding } of received) {
      // Refuses what is no point of the group; a factor of zero has probability below 2^-250.
      const point = group.multiplyPublic(binding, factors.get(index) ?? new Uint8Array(SCALAR_LENGTH))
      check(point !== undefined, 'T1.1', index)
      if (point !== undefined) bound.set(index, point)
    }
    this.#nonce = boundNonce(this.#suite, this.#nonces, factors.get(this.#self) ?? new Uint8Array(SCALAR_LENGTH))
    const peerTerms = received.flatMap(({ index, hiding }) => [hiding, bound.get(index)])
    const noncePoint = group.sum(group.base(this.#nonce), ...peerTerms)
    check(noncePoint !== undefined, 'T1.2', ...this.peers)
    if (noncePoint !== undefined) this.#joint = this.#jointOf(noncePoint, bound)
    return { send: this.#toAll(this.#echoed) }
  }

  /** Round 3: once all saw the same commitments, answer with the signature share. The nonces end here. */
  sign(bodies: Bodies): RoundOutput<SchnorrSignature> {
    for (const [from, body] of bodies) {
      for (const [position, index] of this.#signers.entries()) {
        const { length } = this.layouts.commit
        const [start, end] = [position * length, (position + 1) * length]
        const suspects = [...new Set([index, from])].filter(party => party !== this.#self)
        check(equalBytes(body.subarray(start, end), this.#echoed.subarray(start, end)), 'T2.1', ...suspects)
      }
    }
    const [joint, nonce] = [this.#joint, this.#nonce]
    if (joint === undefined || nonce === undefined) throw new MpcError('invalid-argument', 'rounds out of order')
    const factor = keyFactor(this.#suite, this.#self, this.#signers, joint.challenge)
    this.#response = signatureShare(this.#suite, nonce, joint.negated, factor, this.#secret)
    this.#eraseSecrets()
    return { send: this.#toAll(this.#response) }
  }

  /** End: add up and verify. Only when the sum fails, single shares are looked at to name who spoiled it. */
  finish(bodies: Bodies): RoundOutput<SchnorrSignature> {
    const { group } = this.#suite
    const [joint, response] = [this.#joint, this.#response]
    if (joint === undefined || response === undefined) throw new MpcError('invalid-argument', 'rounds out of order')
    const shares = [...bodies].map(([from, body]) => [from, read(this.layouts.sign, body, from)] as const)
    const sum = group.add(response, ...shares.map(([, share]) => share))
    const signature = this.#suite.encodeSignature(joint.noncePoint, sum)
    if (!this.#suite.verify(signature, this.#message, this.#key.publicKey)) {
      for (const [from, share] of shares) check(this.#isShareOf(from, share, joint), 'T3.2', from)
      // Every peer's share fits: what does not is this party's own.
      check(false, 'T3.3')
    }
    return { result: { signature, publicKey: this.#suite.encodeKey(this.#key.publicKey) } }
  }

  erase(): void {
    this.#eraseSecrets()
    this.#joint = undefined
    this.#response = undefined
  }

  #eraseSecrets(): void {
    for (const secret of [this.#nonces.hiding, this.#nonces.binding, this.#secret]) secret.fill(0)
    this.#nonce?.fill(0)
    this.#nonce = undefined
  }

  #jointOf(noncePoint: Point, bound: ReadonlyMap<number, Point>): Joint {
    const negated = this.#suite.evenY && !isEven(noncePoint)
    const turned = negated ? this.#suite.group.negate(noncePoint) : noncePoint
    const challenge = this.#suite.challenge(turned, this.#key.publicKey, this.#message)
    return { noncePoint: turned, negated, challenge, bound }
  }

  /** verify_signature_share (RFC 9591, section 5.4). */
  #isShareOf(index: number, response: Scalar, { negated, challenge, bound }: Joint): boolean {
    const { group } = this.#suite
    const publicShare = this.#publicShares[index - 1]
    const adjusted = publicShare && publicShareFor(group, this.#key, publicShare)
    const factor = keyFactor(this.#suite, index, this.#signers, challenge)
    const committed = group.sum(this.#commitments.find(one => one.index === index)?.hiding, bound.get(index))
    const noncePoint = committed && negated ? group.negate(committed) : committed
    return isSamePoint(group.base(response), group.sum(noncePoint, adjusted && group.multiplyPublic(adjusted, factor)))
  }

  #toAll(body: Uint8Array): Map<number, Uint8Array> {
    return new Map(this.peers.map(peer => [peer, body]))
  }
}
