import { concat, Fields, isZero, readU32, u32 } from './bytes.ts'
import { type Derived, deriveTweak } from './derive.ts'
import { MpcError } from './errors.ts'
import { type Curve, groupOf, interpolateInExponent, isSamePoint } from './group.ts'
import { SCALAR_LENGTH } from './scalar.ts'

/** The public part of a key share; equal at all parties. */
export type KeyReport = {
  readonly curve: Curve
  readonly parties: number
  readonly threshold: number
  /** 33 bytes, compressed, on secp256k1; 32 bytes on Ed25519. */
  readonly publicKey: Uint8Array
  /** publicShares[i-1] = share of party i times G, encoded alike. */
  readonly publicShares: readonly Uint8Array[]
  /** 32 bytes, for derivation. */
  readonly chainCode: Uint8Array
  /** 32 bytes; equal at all parties of one DKG or refresh. */
  readonly transcriptHash: Uint8Array
  /** 0 from key generation, one more with each refresh. */
  readonly epoch: number
}

const REMEMBERED_PATHS = 256

/**
 * One party's share of a master key. The secret, the value at `self` of a polynomial of degree threshold-1, is a private
 * field: printing, JSON and structured clone do not show it. `encodeKeyShare` does.
 */
export class KeyShare implements KeyReport {
  readonly curve: Curve
  readonly self: number
  readonly parties: number
  readonly threshold: number
  readonly publicKey: Uint8Array
  readonly publicShares: readonly Uint8Array[]
  readonly chainCode: Uint8Array
  readonly transcriptHash: Uint8Array
  readonly epoch: number
  readonly #secret: Uint8Array
  /** Child keys by path, which are public: a vault signs with the same few again and again. */
  readonly #derived = new Map<string, Derived>()

  constructor(self: number, secret: Uint8Array, report: KeyReport) {
    this.self = self
    this.curve = report.curve
    this.parties = report.parties
    this.threshold = report.threshold
    this.publicKey = report.publicKey
    this.publicShares = report.publicShares
    this.chainCode = report.chainCode
    this.transcriptHash = report.transcriptHash
    this.epoch = report.epoch
    this.#secret = secret
  }

  /** 32 bytes; for this package only, which does not change them. */
  static secretOf(share: KeyShare): Uint8Array {
    return share.#secret
  }

  /** BIP-32 (secp256k1) along `path`, made once. Throws MpcError `derivation`. */
  static derivedOf(share: KeyShare, path: readonly number[]): Derived {
    const name = path.join('/')
    const known = share.#derived.get(name)
    if (known !== undefined) return known
    const derived = deriveTweak(share.publicKey, share.chainCode, path)
    const [oldest] = share.#derived.size >= REMEMBERED_PATHS ? share.#derived.keys() : []
    if (oldest !== undefined) share.#derived.delete(oldest)
    share.#derived.set(name, derived)
    return derived
  }
}

export const MAX_PARTIES = 5
/** First byte of an encoded share. */
const FORMATS: Readonly<Record<Curve, number>> = { secp256k1: 2, ed25519: 3 }
const CURVES = Object.keys(FORMATS) as Curve[]

/** The public fields of a share, without its secret: what parties compare after a key generation or refresh. Throws nothing. */
export const keyReport = (share: KeyShare): KeyReport => ({
  curve: share.curve,
  parties: share.parties,
  threshold: share.threshold,
  publicKey: share.publicKey,
  publicShares: share.publicShares,
  chainCode: share.chainCode,
  transcriptHash: share.transcriptHash,
  epoch: share.epoch,
})

/** Do all public shares lie on one polynomial of degree threshold-1 that opens to the public key? */
export const isConsistent = (report: KeyReport): boolean => {
  const { parties, threshold, publicShares, publicKey } = report
  if (!areValidParameters(parties, threshold)) return false
  const group = groupOf(report.curve)
  if (publicShares.length !== parties || ![publicKey, ...publicShares].every(group.isPoint)) return false
  // Each window of `threshold` consecutive shares must interpolate to the key; together they fix the degree.
  for (let first = 1; first + threshold - 1 <= parties; first++) {
    const indexes = Array.from({ length: threshold }, (_, i) => first + i)
    if (!isSamePoint(interpolateInExponent(group, indexes, publicShares), publicKey)) return false
  }
  return true
}

export const areValidParameters = (parties: number, threshold: number): boolean =>
  Number.isInteger(parties) &&
  Number.isInteger(threshold) &&
  parties >= 2 &&
  parties <= MAX_PARTIES &&
  threshold >= 2 &&
  threshold <= parties

/**
 * Secret bytes, for the caller to seal (SPEC.md section 3): format u8 (names the curve), self u8, parties u8, threshold u8,
 * secret 32, chain code 32, transcript hash 32, epoch u32, then key and public shares, each 33 bytes (Ed25519: 32). Throws nothing.
 */
export const encodeKeyShare = (share: KeyShare): Uint8Array =>
  concat(
    Uint8Array.of(FORMATS[share.curve], share.self, share.parties, share.threshold),
    KeyShare.secretOf(share),
    share.chainCode,
    share.transcriptHash,
    u32(share.epoch),
    share.publicKey,
    ...share.publicShares,
  )

/**
 * Inverse of `encodeKeyShare`; checks that the secret fits its public share and the public shares fit the key.
 * @throws MpcError `malformed`
 */
export const decodeKeyShare = (bytes: Uint8Array): KeyShare => {
  const malformed = (): never => {
    throw new MpcError('malformed', 'not a key share')
  }
  const [format, self, parties, threshold] = bytes
  const curve = CURVES.find(name => FORMATS[name] === format)
  if (curve === undefined || self === undefined || parties === undefined || threshold === undefined) return malformed()
  if (!areValidParameters(parties, threshold) || self < 1 || self > parties) return malformed()
  const group = groupOf(curve)
  if (bytes.length !== 4 + SCALAR_LENGTH + 32 + 32 + 4 + group.pointLength * (parties + 1)) return malformed()
  const fields = new Fields(bytes.subarray(4))
  const secret = fields.take(SCALAR_LENGTH)
  if (!group.isScalar(secret) || isZero(secret)) return malformed()
  const chainCode = fields.take(32)
  const transcriptHash = fields.take(32)
  const epoch = readU32(fields.take(4))
  const publicKey = fields.take(group.pointLength)
  const publicShares = Array.from({ length: parties }, () => fields.take(group.pointLength))
  const report = { curve, parties, threshold, publicKey, publicShares, chainCode, transcriptHash, epoch }
  const own = publicShares[self - 1]
  if (own === undefined || !isSamePoint(group.base(secret), own)) return malformed()
  return isConsistent(report) ? new KeyShare(self, secret, report) : malformed()
}
