import { p256 } from '@noble/curves/nist.js'

/** ECDSA P-256 over SHA-256, ASN.1 DER; any s. */
export function verifyApproval(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return p256.verify(signature, message, publicKey, { prehash: true, lowS: false, format: 'der' })
  } catch {
    return false
  }
}
