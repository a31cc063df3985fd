import { createHash } from 'node:crypto'
import { concat, equalBytes, xorInto } from '../bytes.ts'
import type { Point } from '../curve.ts'
import { reduceWide, verify as verifyEd25519 } from '../ed25519.ts'
import { type Curve, ed25519Group, type Group, secp256k1Group } from '../group.ts'
import { sha256 } from '../hash.ts'
import { reduceSecret, type Scalar } from '../kernel/scalar.ts'

/** A ciphersuite of RFC 9591 (section 6): a group, five hashes, and how the signature it makes looks and verifies. */
export interface Ciphersuite {
  /** The context string. */
  readonly name: string
  readonly group: Group
  /** BIP-340: key and nonce point count with even Y, and an odd one is signed for by the negated secret. */
  readonly evenY: boolean
  /** H1. */
  bindingFactor(input: Uint8Array): Scalar
  /** H2. Both points even where `evenY` says so. */
  challenge(noncePoint: Point, publicKey: Point, message: Uint8Array): Scalar
  /** H3; input and output are secret. */
  nonce(input: Uint8Array): Scalar
  /** H4. */
  messageHash(message: Uint8Array): Uint8Array
  /** H5. */
  commitmentHash(encoded: Uint8Array): Uint8Array
  /** 32 bytes: the public key as verifiers take it. */
  encodeKey(publicKey: Point): Uint8Array
  /** 64 bytes. */
  encodeSignature(noncePoint: Point, response: Scalar): Uint8Array
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Point): boolean
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const sha512 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** What the context string is followed by in H1, H3, H4 and H5. */
const domainsOf = (name: string) => ({
  bindingFactor: ascii(`${name}rho`),
  nonce: ascii(`${name}nonce`),
  message: ascii(`${name}msg`),
  commitments: ascii(`${name}com`),
})

const ED25519 = 'FROST-ED25519-SHA512-v1'
const EDWARDS = domainsOf(ED25519)

/** FROST(Ed25519, SHA-512), RFC 9591 section 6.1: its signatures are those of RFC 8032. */
export const frostEd25519: Ciphersuite = {
  name: ED25519,
  group: ed25519Group,
  evenY: false,
  bindingFactor: input => reduceWide(sha512(EDWARDS.bindingFactor, input)),
  challenge: (noncePoint, publicKey, message) => reduceWide(sha512(noncePoint, publicKey, message)),
  nonce: input => {
    const digest = sha512(EDWARDS.nonce, input)
    const nonce = reduceWide(digest)
    digest.fill(0)
    return nonce
  },
  messageHash: message => sha512(EDWARDS.message, message),
  commitmentHash: encoded => sha512(EDWARDS.commitments, encoded),
  encodeKey: publicKey => publicKey.slice(),
  encodeSignature: concat,
  verify: verifyEd25519,
}

/** hash_to_field of RFC 9380 (section 5.2) with expand_message_xmd and SHA-256, to one scalar of secp256k1. */
export const hashToScalar = (message: Uint8Array, dst: Uint8Array): Scalar => {
  const suffix = concat(dst, Uint8Array.of(dst.length))
  const first = sha256(concat(new Uint8Array(64), message, Uint8Array.of(0, 48, 0), suffix))
  const second = sha256(concat(first, Uint8Array.of(1), suffix))
  xorInto(first, second)
  const third = sha256(concat(first, Uint8Array.of(2), suffix))
  const wide = concat(new Uint8Array(16), second, third.subarray(0, 16))
  const scalar = reduceSecret(wide)
  for (const work of [first, second, third, wide]) work.fill(0)
  return scalar
}

/** BIP-340's tagged hash. */
export const taggedHash = (tag: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const prefix = sha256(ascii(tag))
  return sha256(concat(prefix, prefix, ...parts))
}

/** 32 bytes, possibly not below the order, as a public scalar. */
const reduce = (digest: Uint8Array): Scalar => reduceSecret(concat(new Uint8Array(32), digest))
export const isEven = (point: Point): boolean => point[0] === 2
/** The point with this X and even Y. */
export const liftX = (x: Uint8Array): Point => concat(Uint8Array.of(2), x)

const BIP340 = 'FROST-secp256k1-SHA256-TR-v1'
const TAPROOT = domainsOf(BIP340)
const challengeBip340 = (r: Uint8Array, key: Uint8Array, message: Uint8Array): Scalar =>
  reduce(taggedHash('BIP0340/challenge', r, key, message))

/**
 * BIP-340 verification (its section "Verification") over the same native point arithmetic. False for wrong lengths; throws nothing.
 * @param signature 64 bytes
 * @param publicKey 32 bytes, x-only
 * @param message any length
 */
export const verifyBip340 = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean => {
  const group = secp256k1Group
  const key = liftX(publicKey)
  const [r, response] = [signature.slice(0, 32), signature.slice(32)]
  // Their lengths are part of both checks.
  if (!group.isPoint(key) || !group.isScalar(response)) return false
  const challenge = challengeBip340(r, publicKey, message)
  const noncePoint = group.sum(group.base(response), group.multiplyPublic(group.negate(key), challenge))
  return noncePoint !== undefined && isEven(noncePoint) && equalBytes(noncePoint.slice(1), r)
}

/** FROST over secp256k1 with BIP-340 challenge and encodings; H1 and H3 to H5 as in RFC 9591 section 6.5. */
export const frostBip340: Ciphersuite = {
  name: BIP340,
  group: secp256k1Group,
  evenY: true,
  bindingFactor: input => hashToScalar(input, TAPROOT.bindingFactor),
  challenge: (noncePoint, publicKey, message) => challengeBip340(noncePoint.slice(1), publicKey.slice(1), message),
  nonce: input => hashToScalar(input, TAPROOT.nonce),
  messageHash: message => sha256(concat(TAPROOT.message, message)),
  commitmentHash: encoded => sha256(concat(TAPROOT.commitments, encoded)),
  encodeKey: publicKey => publicKey.slice(1),
  encodeSignature: (noncePoint, response) => concat(noncePoint.slice(1), response),
  verify: (signature, message, publicKey) => verifyBip340(signature, message, publicKey.slice(1)),
}

/** The scheme that FROST makes with the shares of a curve. */
export const suiteOf = (curve: Curve): Ciphersuite => (curve === 'ed25519' ? frostEd25519 : frostBip340)
