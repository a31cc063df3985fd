import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Access } from '@trivault/api-contract'
import { requireUniqueKeys } from '@trivault/codec'
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Caller, Role, WalletService } from '../service.ts'
import { HttpError } from './errors.ts'

export type OidcConfig = {
  readonly issuer: string
  /** Audiences of which a token must name one. */
  readonly audience: string | readonly string[]
  /** Default: `jwks_uri` of the issuer's discovery document. */
  readonly jwksUri?: string
  /** Claim that holds the e-mail address; default `email`. */
  readonly emailClaim?: string
  /** Claim that must say true of the address. Default: none must, but an `email_verified` that says false is believed. */
  readonly emailVerifiedClaim?: string
}

/** @returns the caller that a credential stands for. @throws HttpError 401, 403, 503 */
export type Authenticate = (credential: string | undefined) => Promise<Caller>

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const clockToleranceSeconds = 60
const apiKeyPrefix = 'cwp_'

/** Accepts a bare or bearer `cwp_…` key, and a bearer token of the OIDC issuer when one is configured. */
export function createAuthenticate(
  service: Pick<WalletService, 'findApiKey' | 'findUser'>,
  oidc: OidcConfig | undefined,
): Authenticate {
  const emailOf = oidc && createTokenVerifier(oidc)
  return async credential => {
    if (!credential) throw new HttpError(401, 'send an API key or a bearer token in the authorization header')
    const token = credential.replace(/^Bearer +/i, '')
    if (token.startsWith(apiKeyPrefix)) return callerOfKey(service, token)
    if (token === credential || !emailOf) throw new HttpError(401, 'the credential is not known')
    const caller = await service.findUser(await emailOf(token))
    if (!caller)
      throw new HttpError(403, 'you are signed in, but not a user of this vault; ask an owner to register you')
    return caller
  }
}

async function callerOfKey(service: Pick<WalletService, 'findApiKey'>, key: string): Promise<Caller> {
  const hash = createHash('sha256').update(key, 'utf8').digest()
  const record = await service.findApiKey(hash)
  if (!record || record.hash.length !== hash.length || !timingSafeEqual(record.hash, hash)) {
    throw new HttpError(401, 'the API key is not known')
  }
  return record.caller
}

function createTokenVerifier(oidc: OidcConfig): (token: string) => Promise<string> {
  const keys = createKeySource(oidc)
  const emailClaim = oidc.emailClaim ?? 'email'
  const audience = typeof oidc.audience === 'string' ? oidc.audience : [...oidc.audience]
  return async token => {
    const { payload } = await jwtVerify(plainToken(token), keys, {
      issuer: oidc.issuer,
      audience,
      algorithms,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp'],
    }).catch((error: unknown) => {
      throw isTokenFault(error)
        ? new HttpError(401, badToken)
        : new HttpError(503, 'the identity provider cannot be reached to check the token; try again later')
    })
    const email = Object.hasOwn(payload, emailClaim) ? payload[emailClaim] : undefined
    // In lower case the Kelvin sign is the letter k: an address of ASCII characters only is the one of a user id.
    if (typeof email !== 'string' || !/^[\x21-\x7e]+$/.test(email) || !isVerified(payload, oidc.emailVerifiedClaim)) {
      throw new HttpError(401, 'the bearer token carries no verified e-mail address')
    }
    return email
  }
}

const badToken = 'the bearer token is not valid; sign in again'

/** Refuses header and claims that name a key twice: whoever reads the token next might believe the other one. */
function plainToken(token: string): string {
  try {
    for (const part of token.split('.', 2)) requireUniqueKeys(Buffer.from(part, 'base64url').toString())
  } catch {
    throw new HttpError(401, badToken)
  }
  return token
}

/** Entra writes `xms_edov` as true, 1 or "1". */
const truths: readonly unknown[] = [true, 'true', 1, '1']

function isVerified(payload: JWTPayload, claim: string | undefined): boolean {
  if (claim !== undefined) return Object.hasOwn(payload, claim) && truths.includes(payload[claim])
  return payload.email_verified !== false && payload.email_verified !== 'false'
}

const isTokenFault = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC')

/** Finds the issuer's keys at first use, so that the wallet starts while the identity provider is down. */
function createKeySource(oidc: OidcConfig): JWTVerifyGetKey {
  let source: Promise<JWTVerifyGetKey> | undefined
  const load = async (): Promise<JWTVerifyGetKey> => createRemoteJWKSet(new URL(oidc.jwksUri ?? (await discover(oidc))))
  return async (header, token) => {
    source ??= load()
    const keys = await source.catch((error: unknown) => {
      source = undefined
      throw error
    })
    return keys(header, token)
  }
}

async function discover(oidc: OidcConfig): Promise<string> {
  const url = `${oidc.issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`the identity provider answered ${response.status}`)
  const document: unknown = await response.json()
  const uri = typeof document === 'object' && document !== null && 'jwks_uri' in document && document.jwks_uri
  if (typeof uri !== 'string') throw new Error('the discovery document has no jwks_uri')
  return uri
}

/** What each level of access lets in; `docs/permissions.md` is made from it. */
export const allowed: Readonly<Record<Exclude<Access, 'public'>, readonly Role[]>> = {
  any: ['Admin', 'MarketOps', 'Viewer', 'AutomatedApprover', 'Auditor'],
  approver: ['Admin', 'MarketOps', 'Viewer', 'AutomatedApprover'],
  viewer: ['Admin', 'MarketOps', 'Viewer', 'Auditor'],
  operator: ['Admin', 'MarketOps'],
  admin: ['Admin'],
}

/** @throws HttpError 403 */
export function authorize(caller: Caller, access: Access): void {
  if (access === 'public' || allowed[access].includes(caller.role)) return
  throw new HttpError(403, `your role ${caller.role} does not allow this; it needs ${allowed[access].join(' or ')}`)
}

const bearerProtocol = 'bearer.'

/**
 * The credential of a WebSocket request: the header; or, as browsers cannot set one, a subprotocol `bearer.<token>`, or
 * `access_token` in the query.
 */
export function socketCredential(headers: IncomingHttpHeaders, query: unknown): string | undefined {
  if (headers.authorization) return headers.authorization
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())
  const protocol = offered.find(name => name.startsWith(bearerProtocol))
  if (protocol) return `Bearer ${protocol.slice(bearerProtocol.length)}`
  const token = typeof query === 'object' && query !== null && 'access_token' in query && query.access_token
  return typeof token === 'string' && token ? `Bearer ${token}` : undefined
}
