import {
  bytes,
  type Codec,
  concat,
  encode,
  fixed,
  struct,
  tagged,
  text,
  toBase64Url,
  utf8,
  type ValueOf,
  word,
} from '@trivault/codec'
import { sha256, taggedHash } from './hash.ts'

/** What an enrolled key is used in. The holder of the key says so; a key without ID token is `automated` whatever it says. */
export const keyChannels = ['app', 'cli', 'automated'] as const
export type KeyChannel = (typeof keyChannels)[number]
/** Channels of keys that people hold. */
export const personalChannels = ['app', 'cli'] as const

/** A signing key of the identity provider. Its kind is its algorithm: RS256 or ES256; nothing in a token's header chooses. */
export const issuerKeyCodec = tagged({
  /** Modulus, big-endian without leading zeros; the exponent is 65537. */
  rsa: [1, struct({ modulus: bytes(512) })],
  /** P-256. */
  ec: [2, struct({ x: fixed(32), y: fixed(32) })],
})
export type IssuerKey = ValueOf<typeof issuerKeyCodec>

/** The RSA exponent 65537 as JWK text. */
const exponent = 'AQAB'

/** RFC 7638 thumbprint, SHA-256: what node admins pin. */
export function issuerKeyThumbprint(key: IssuerKey): Uint8Array {
  const members =
    key.type === 'rsa'
      ? `{"e":"${exponent}","kty":"RSA","n":"${toBase64Url(key.modulus)}"}`
      : `{"crv":"P-256","kty":"EC","x":"${toBase64Url(key.x)}","y":"${toBase64Url(key.y)}"}`
  return sha256(utf8(members))
}

/**
 * The `nonce` with which a device asks for its ID token: it binds the token to vault, user and device key (protocol-notes §2).
 * `userId` in any letter case; `publicKey`: uncompressed P-256 point.
 */
export function enrolmentNonce(vaultId: Uint8Array, userId: string, publicKey: Uint8Array): string {
  return toBase64Url(taggedHash('enrolment', vaultId, publicKey, utf8(userId.toLowerCase())))
}

const possessionCodec = struct({
  vaultId: fixed(32),
  userId: text(254),
  publicKey: fixed(65),
  channel: word(personalChannels),
  /** SHA-256 of the ID token's text. */
  idToken: fixed(32),
})

/** What a device signs (ECDSA P-256 over SHA-256 of these bytes, ASN.1 DER) to show that it holds the key of its enrolment. */
export function possessionMessage(enrolment: {
  vaultId: Uint8Array
  userId: string
  publicKey: Uint8Array
  channel: (typeof personalChannels)[number]
  idToken: string
}): Uint8Array {
  const statement = { ...enrolment, userId: enrolment.userId.toLowerCase(), idToken: sha256(utf8(enrolment.idToken)) }
  // The tag in front keeps this apart from intents, which begin with a brace.
  return concat(utf8('trivault/v1/possession'), encode(possessionCodec as Codec<typeof statement>, statement))
}
