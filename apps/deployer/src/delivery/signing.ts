import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { failed, untrusted } from './refusals.ts'

/** The public key's name in a bundle. */
export const KEY_FILE = 'signing-key.pem'

/** `sha256:` and the hash of the key's SPKI DER, in hex: what a delivery note prints and `SIGNING_KEY_FINGERPRINT` holds. */
export type Fingerprint = `sha256:${string}`

/** The publisher's public key, after its fingerprint was compared with the one that the customer was told elsewhere. */
export interface TrustedKey {
  readonly pem: string
  readonly fingerprint: Fingerprint
  /** ECDSA over SHA-256, DER. */
  verifies(bytes: Uint8Array, signature: Uint8Array): boolean
}

/** The publisher's private key. */
export interface SigningKey {
  readonly publicKeyPem: string
  readonly fingerprint: Fingerprint
  sign(bytes: Uint8Array): Uint8Array
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function p256(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw untrusted('the signing key is not an ECDSA key on P-256', 'ask the publisher for the right key')
  return key
}

const fingerprintOf = (key: KeyObject): Fingerprint => `sha256:${sha256(key.export({ type: 'spki', format: 'der' }))}`

/**
 * @param pem the key that the bundle brings
 * @param fingerprint the one that came by another way; without it a swapped bundle could bring its own key
 * @throws DeployerError `untrusted`
 */
export function trustedKey(pem: string, fingerprint: string): TrustedKey {
  const expected = fingerprint.trim().toLowerCase()
  if (!/^sha256:[0-9a-f]{64}$/.test(expected))
    throw untrusted(
      'SIGNING_KEY_FINGERPRINT is not sha256: and 64 hex digits',
      'copy it anew from your delivery letter, not from the bundle',
    )
  let key: KeyObject
  try {
    // A private key has a public half too, but here everybody would have downloaded it.
    if (pem.includes('PRIVATE KEY')) throw new TypeError('a private key')
    key = createPublicKey(pem)
  } catch (cause) {
    throw untrusted(`${KEY_FILE} holds no public key in PEM`, undefined, cause)
  }
  const found = fingerprintOf(p256(key))
  if (found !== expected)
    throw untrusted(
      `the signing key has the fingerprint ${found}, expected was ${expected}: the bundle may have been swapped`,
      'compare SIGNING_KEY_FINGERPRINT with your delivery letter; if it is right, tell the publisher, by another way than the bundle',
    )
  return {
    pem,
    fingerprint: found,
    verifies: (bytes, signature) => verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature),
  }
}

/** @throws DeployerError `failed` when it cannot be opened, `untrusted` when it is not a P-256 key */
export function signingKey(privateKeyPem: string, passphrase?: string): SigningKey {
  const key = p256(opened(privateKeyPem, passphrase))
  const publicKey = createPublicKey(key)
  return {
    publicKeyPem: String(publicKey.export({ type: 'spki', format: 'pem' })),
    fingerprint: fingerprintOf(publicKey),
    sign: bytes => new Uint8Array(sign('sha256', bytes, { key, dsaEncoding: 'der' })),
  }
}

function opened(privateKeyPem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: privateKeyPem, ...(passphrase !== undefined && { passphrase }) })
  } catch (cause) {
    throw failed('the private signing key cannot be opened', 'check --key and --passphrase-file', cause)
  }
}
