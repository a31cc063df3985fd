import { p256 } from '@noble/curves/nist.js'
import { concat, fromBase64Url, fromUtf8, JsonNumber, parseJson, requireUniqueKeys, toHex, utf8 } from '@trivault/codec'
import { type ClaimNames, type IssuerKey, issuerKeyThumbprint, require, VaultError } from '@trivault/protocol'
import { verifyRs256 } from './rsa.ts'

/** What a token must say; nothing of it comes from the token. */
export interface ExpectedToken {
  issuer: string
  /** The Approver App's own client id: the only audience. */
  clientId: string
  /** Hex RFC 7638 thumbprints of the issuer keys that count. */
  thumbprints: readonly string[]
  claims: ClaimNames
  nonce: string
}

/** Who a token is about. */
export interface TokenIdentity {
  /** In lower case. */
  email: string
  /** Names the person at the identity provider for good. */
  subject: string
}

/** How far clocks may differ, and how long ago a person may have signed in, in milliseconds. */
const skew = 60_000
const freshness = 5 * 60_000
const maxSubject = 255

type Claims = Readonly<Record<string, unknown>>

/**
 * Checks an ID token (OpenID Connect Core section 3.1.3.7) at log time `time` (ms). Pure. The algorithm follows from the kind of
 * the key and the key from its thumbprint; the token's header decides nothing. Throws `VaultError` issuer-key-not-pinned,
 * bad-id-token.
 */
export function verifyIdToken(token: string, key: IssuerKey, expected: ExpectedToken, time: number): TokenIdentity {
  require(expected.thumbprints.includes(
    toHex(issuerKeyThumbprint(key)),
  ), 'issuer-key-not-pinned', 'the ID token comes with a key of the issuer that is neither pinned nor approved')
  const [head, body, seal, ...rest] = token.split('.')
  require(head !== undefined &&
    body !== undefined &&
    seal !== undefined &&
    rest.length === 0, 'bad-id-token', 'an ID token is three parts of base64url, joined by dots')
  const header = objectOf(head, 'header')
  require(header.alg ===
    (key.type === 'rsa' ? 'RS256' : 'ES256'), 'bad-id-token', 'alg is not the one of the pinned key')
  require(!Object.hasOwn(header, 'crit'), 'bad-id-token', 'the header has critical extensions')
  require(header.typ === undefined || header.typ === 'JWT', 'bad-id-token', 'typ is not JWT: not an ID token')
  require(signedBy(
    key,
    utf8(`${head}.${body}`),
    bytesOf(seal, 'signature'),
  ), 'bad-id-token', 'the signature does not verify')
  return identityOf(objectOf(body, 'payload'), expected, time)
}

function signedBy(key: IssuerKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.type === 'rsa') return verifyRs256(key.modulus, message, signature)
  try {
    const point = concat(Uint8Array.of(4), key.x, key.y)
    return p256.verify(signature, message, point, { prehash: true, lowS: false, format: 'compact' })
  } catch {
    return false
  }
}

function identityOf(claims: Claims, expected: ExpectedToken, time: number): TokenIdentity {
  const { issuer, clientId, nonce, claims: names } = expected
  require(text(claims, 'iss') === issuer, 'bad-id-token', 'iss is not the pinned issuer')
  const audience = claim(claims, 'aud')
  const [only] = Array.isArray(audience) && audience.length === 1 ? audience : [audience]
  require(only === clientId, 'bad-id-token', 'aud is not the client id of the Approver App alone')
  require(claim(claims, 'azp') === undefined ||
    text(claims, 'azp') === clientId, 'bad-id-token', 'azp is another client')
  require(text(claims, 'nonce') === nonce, 'bad-id-token', 'nonce does not name this vault, user and device key')
  require(instant(claims, 'exp') > time - skew, 'bad-id-token', 'exp is over')
  require(instant(claims, 'iat') <= time + skew, 'bad-id-token', 'iat is in the future')
  require(claim(claims, 'nbf') === undefined ||
    instant(claims, 'nbf') <= time + skew, 'bad-id-token', 'nbf is in the future')
  const signedIn = instant(claims, 'auth_time')
  require(signedIn <= time + skew, 'bad-id-token', 'auth_time is in the future')
  require(signedIn >= time - freshness, 'bad-id-token', 'auth_time is more than 5 minutes ago: sign in again')
  require(isTrue(
    claim(claims, names.emailVerified),
  ), 'bad-id-token', `${names.emailVerified} is not true: the identity provider has not verified the e-mail address`)
  const email = text(claims, names.email)
  // The Kelvin sign, for one, becomes the letter k in lower case: another mailbox, the same user id.
  require(/^[\x21-\x7e]+$/.test(email), 'bad-id-token', `${names.email} is no address of ASCII characters`)
  const subject = names.subject.map(name => text(claims, name))
  return { email: email.toLowerCase(), subject: JSON.stringify(subject) }
}

function claim(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

function text(claims: Claims, name: string): string {
  const value = claim(claims, name)
  require(typeof value === 'string' &&
    value !== '' &&
    value.length <= maxSubject, 'bad-id-token', `${name} is missing or no short text`)
  return value
}

/** Milliseconds of a NumericDate; providers give whole seconds. */
function instant(claims: Claims, name: string): number {
  const value = claim(claims, name)
  require(value instanceof JsonNumber &&
    /^[1-9][0-9]{0,10}$/.test(value.text), 'bad-id-token', `${name} is missing or no time in whole seconds`)
  return Number(value.text) * 1000
}

/** Entra writes its optional `xms_edov` in each of these ways. */
function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === '1' || (value instanceof JsonNumber && value.text === '1')
}

function bytesOf(part: string, what: string): Uint8Array {
  try {
    return fromBase64Url(part)
  } catch (cause) {
    throw new VaultError('bad-id-token', `the ${what} is not base64url`, { cause })
  }
}

function objectOf(part: string, what: string): Claims {
  const bytes = bytesOf(part, what)
  try {
    const json = fromUtf8(bytes)
    const value = parseJson(json)
    requireUniqueKeys(json)
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber))
      return value as Claims
  } catch (cause) {
    throw new VaultError('bad-id-token', `the ${what} is not JSON in which each claim stands once`, { cause })
  }
  throw new VaultError('bad-id-token', `the ${what} is not an object`)
}
