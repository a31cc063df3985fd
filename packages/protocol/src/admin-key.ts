import { p256 } from '@noble/curves/nist.js'
import { equalBytes, fromHex } from '@trivault/codec'

/** SubjectPublicKeyInfo (DER) of a P-256 key up to its uncompressed point. */
const spkiPrefix = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200')

/** What a node's admin signs with: a key in AWS KMS, or a file. */
export interface AdminSigner {
  /** P-256 public key, compressed: 33 bytes. */
  readonly adminKey: Uint8Array
  /** Signs a digest of 32 bytes: r ‖ s, 64 bytes, with the low s. */
  sign(digest: Uint8Array): Promise<Uint8Array>
}

/** Is this a compressed point on P-256? The identity has no such encoding. */
export function isAdminKey(key: Uint8Array): boolean {
  if (key.length !== 33) return false
  try {
    p256.Point.fromBytes(key)
    return true
  } catch {
    return false
  }
}

/** Is this the admin key's signature over the digest? Only r ‖ s with the low s counts: each statement has one form. */
export function isSignedByAdmin(adminKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  if (!isAdminKey(adminKey) || digest.length !== 32 || signature.length !== 64) return false
  try {
    return p256.verify(signature, digest, adminKey, { prehash: false, lowS: true, format: 'compact' })
  } catch {
    return false
  }
}

/** The signer of a private key of 32 bytes. Throws `RangeError` when it is none. */
export function adminSignerOf(privateKey: Uint8Array): AdminSigner {
  if (!p256.utils.isValidSecretKey(privateKey)) throw new RangeError('not a private key on P-256')
  return {
    adminKey: p256.getPublicKey(privateKey, true),
    sign: async digest => p256.sign(digest, privateKey, { prehash: false, lowS: true, format: 'compact' }),
  }
}

/** The admin key in a public key as KMS and PEM files hold it (SubjectPublicKeyInfo, DER). Throws `RangeError`. */
export function adminKeyOfSpki(spki: Uint8Array): Uint8Array {
  const point = spki.slice(spkiPrefix.length)
  if (!equalBytes(spki.slice(0, spkiPrefix.length), spkiPrefix)) throw new RangeError('not a public key on P-256')
  try {
    return p256.Point.fromBytes(point).toBytes(true)
  } catch (cause) {
    throw new RangeError('not a public key on P-256', { cause })
  }
}

/** A signature as KMS gives it (ASN.1 DER, any s) as r ‖ s with the low s. Throws `RangeError`. */
export function adminSignatureOfDer(der: Uint8Array): Uint8Array {
  try {
    const signature = p256.Signature.fromBytes(der, 'der')
    const low = signature.hasHighS() ? new p256.Signature(signature.r, p256.Point.CURVE().n - signature.s) : signature
    return low.toBytes('compact')
  } catch (cause) {
    throw new RangeError('not an ECDSA signature in DER', { cause })
  }
}
