import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { enrolmentNonce, type Genesis, type IssuerKey, issuerKeyThumbprint } from '@trivault/protocol'
import type { Person } from './person.ts'

export type Claims = Record<string, unknown>
export type TestKey = { readonly alg: 'RS256' | 'ES256'; readonly kid: string; readonly privateKey: KeyObject }

/** A new signing key of a provider. RSA takes a moment. */
export function makeIssuerKey(alg: TestKey['alg'] = 'ES256', kid = 'k1'): TestKey {
  const { privateKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { alg, kid, privateKey }
}

/** The public half, as the command `vouch` carries it. */
export function issuerKeyOf({ alg, privateKey }: TestKey): IssuerKey {
  const { n, x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
  const bytes = (text = '') => new Uint8Array(Buffer.from(text, 'base64url'))
  return alg === 'RS256' ? { type: 'rsa', modulus: bytes(n) } : { type: 'ec', x: bytes(x), y: bytes(y) }
}

/** The public half as a provider publishes it in its JWK set. */
export function jwkOf({ alg, kid, privateKey }: TestKey): Claims {
  return { ...createPublicKey(privateKey).export({ format: 'jwk' }), alg, kid, use: 'sig' }
}

const part = (value: Uint8Array | string) => Buffer.from(value).toString('base64url')

/** A compact JWT over exactly this header and payload text, signed as `alg` says. */
export function signToken({ alg, privateKey }: TestKey, header: string, payload: string): string {
  const body = `${part(header)}.${part(payload)}`
  const key = alg === 'ES256' ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : privateKey
  return `${body}.${part(sign('sha256', Buffer.from(body), key))}`
}

/** The pins that let tokens of this key count. */
export function issuerPins(...keys: TestKey[]): Partial<Genesis> {
  return {
    issuer: 'https://idp.example.com',
    approverClientId: 'approver',
    jwksThumbprints: keys.map(key => issuerKeyThumbprint(issuerKeyOf(key))),
  }
}

/** Good claims of an ID token that vouches for a person's device at `time` (ms), with `changes`; undefined removes one. */
export function claimsFor(
  vault: { genesis: Genesis; vaultId: Uint8Array },
  person: Person,
  time: number,
  changes: Claims = {},
): Claims {
  const now = Math.floor(time / 1000)
  return {
    iss: vault.genesis.issuer,
    aud: vault.genesis.approverClientId,
    sub: `subject of ${person.id}`,
    nonce: enrolmentNonce(vault.vaultId, person.id, person.publicKey),
    iat: now,
    exp: now + 300,
    auth_time: now - 10,
    email: person.id,
    email_verified: true,
    ...changes,
  }
}
