import { concat } from '../bytes.ts'
import type { Point } from '../curve.ts'
import { deriveTweak } from '../derive.ts'
import { deriveEd25519Tweak } from '../derive-ed25519.ts'
import { MpcError } from '../errors.ts'
import { type Curve, type Group, secp256k1Group } from '../group.ts'
import type { Scalar } from '../kernel/scalar.ts'
import { isEven, suiteOf, taggedHash } from './suite.ts'

/**
 * BIP-341: tweak the derived key. The root is 32 bytes, or empty for an output without scripts. Without this the derived
 * key itself signs.
 */
export type Taproot = { readonly merkleRoot: Uint8Array }

/** The key of one signature, as an affine map of the master key: ±secret + offset. Both apply to every share alike. */
export type SigningKey = {
  /** With even Y where BIP-340 asks for it. */
  readonly publicKey: Point
  readonly negated: boolean
  readonly offset: bigint
}

type Master = { readonly curve: Curve; readonly publicKey: Point; readonly chainCode: Uint8Array }

const toEven = (key: SigningKey): SigningKey =>
  isEven(key.publicKey)
    ? key
    : { publicKey: secp256k1Group.negate(key.publicKey), negated: !key.negated, offset: -key.offset }

/** taproot_tweak_pubkey of BIP-341 for a key with even Y. */
const tweakTaproot = (key: SigningKey, { merkleRoot }: Taproot): SigningKey => {
  if (merkleRoot.length !== 0 && merkleRoot.length !== 32) {
    throw new MpcError('invalid-argument', 'a Merkle root has 32 bytes, or none')
  }
  const tweak = taggedHash('TapTweak', key.publicKey.slice(1), merkleRoot)
  const publicKey = secp256k1Group.isScalar(tweak)
    ? secp256k1Group.sum(key.publicKey, secp256k1Group.base(tweak))
    : undefined
  if (publicKey === undefined) throw new MpcError('derivation', 'the Taproot tweak has no key')
  return toEven({ ...key, publicKey, offset: key.offset + secp256k1Group.valueOf(tweak) })
}

/** @param master of a key share, or as well checked. @throws MpcError `derivation`, `invalid-argument` */
export const signingKey = (master: Master, path: readonly number[], taproot?: Taproot): SigningKey => {
  if (master.curve === 'ed25519') {
    if (taproot !== undefined) throw new MpcError('invalid-argument', 'Ed25519 has no Taproot')
    const { publicKey, tweak } = deriveEd25519Tweak(master.publicKey, master.chainCode, path)
    return { publicKey, negated: false, offset: tweak }
  }
  const { publicKey, tweak } = deriveTweak(master.publicKey, master.chainCode, path)
  const derived = toEven({ publicKey, negated: false, offset: tweak })
  return taproot === undefined ? derived : tweakTaproot(derived, taproot)
}

/** The signer's secret for the key: ±share + offset. */
export const secretFor = (group: Group, key: SigningKey, share: Scalar): Scalar => {
  const offset = group.scalarOf(key.offset)
  return key.negated ? group.subtract(offset, share) : group.add(offset, share)
}

/** The public share that belongs to `secretFor`. */
export const publicShareFor = (group: Group, key: SigningKey, publicShare: Point): Point | undefined =>
  group.sum(key.negated ? group.negate(publicShare) : publicShare, group.base(group.scalarOf(key.offset)))

/**
 * The key that verifies Schnorr signatures of a master key at `path`: 32 bytes, for Ed25519 the encoded point, for
 * BIP-340 x-only (a Taproot output key when `taproot` is given).
 * @param master curve, public key and chain code of the key report
 * @throws MpcError `derivation`, `invalid-argument`
 */
export const deriveSchnorrKey = (master: Master, path: readonly number[], taproot?: Taproot): Uint8Array => {
  const { group, encodeKey } = suiteOf(master.curve)
  if (!group.isPoint(master.publicKey) || master.chainCode.length !== 32) {
    throw new MpcError('invalid-argument', 'derivation needs a public key on its curve and a 32-byte chain code')
  }
  return encodeKey(signingKey(master, path, taproot).publicKey)
}

/** What of a signing key goes into a session's hash besides the message. */
export const encodeTaproot = (taproot: Taproot | undefined): Uint8Array =>
  taproot === undefined ? new Uint8Array() : concat(Uint8Array.of(1), taproot.merkleRoot)
