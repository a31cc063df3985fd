import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Provider } from 'oidc-provider'
import { keptFile } from '../files.ts'
import { loginPage } from './login-page.ts'
import { findUser, passwordMatches, type UserRecord } from './users.ts'

/** Audience of the access tokens that the wallet accepts. */
export const WALLET_AUDIENCE = 'urn:trivault:wallet'
export const CONSOLE_CLIENT = 'trivault-console'
export const APPROVER_CLIENT = 'trivault-approver'
export const PASSWORD_GRANT = 'urn:trivault:password'
const SCOPE = 'openid email profile'
const TOKEN_SECONDS = 3600
const MAX_FORM_BYTES = 4096

export type OidcOptions = {
  readonly issuer: string
  /** File of the private signing key (JWK set, 0600); made at first. */
  readonly keyFile: string
  /** File of the cookie secret (0600); made at first. */
  readonly cookieFile: string
  readonly users: readonly UserRecord[]
  /** Told about each attempt to sign in. */
  readonly onSignIn: (accepted: boolean) => void
}

/** The local identity provider: discovery, authorization code with PKCE and a login form, and a password grant for command lines. */
export function createOidc(
  options: OidcOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const resourceServer = {
    scope: SCOPE,
    audience: WALLET_AUDIENCE,
    accessTokenFormat: 'jwt' as const,
    accessTokenTTL: TOKEN_SECONDS,
    jwt: { sign: { alg: 'ES256' as const } },
  }
  const publicClient = (id: string, applicationType: 'web' | 'native', redirectUris: string[], grants: string[]) => ({
    client_id: id,
    application_type: applicationType,
    token_endpoint_auth_method: 'none' as const,
    redirect_uris: redirectUris,
    post_logout_redirect_uris: redirectUris.map(uri => new URL('/', uri).href),
    grant_types: grants,
    response_types: (redirectUris.length > 0 ? ['code'] : []) as 'code'[],
    id_token_signed_response_alg: 'ES256' as const,
  })
  const codeGrants = ['authorization_code', 'refresh_token']
  const provider: Provider = new Provider(options.issuer, {
    jwks: JSON.parse(signingKeys(options.keyFile)),
    cookies: { keys: [keptFile(options.cookieFile, () => randomBytes(32).toString('base64url'))] },
    // Native clients: the port of a loopback redirect is free (RFC 8252 section 7.3).
    clients: [
      publicClient(CONSOLE_CLIENT, 'native', ['http://127.0.0.1/callback'], codeGrants),
      publicClient(APPROVER_CLIENT, 'native', ['http://127.0.0.1/callback'], codeGrants),
      publicClient('trivault-cli', 'native', ['http://127.0.0.1/callback'], [...codeGrants, PASSWORD_GRANT]),
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    clientBasedCORS: () => true,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => WALLET_AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => resourceServer,
      },
    },
    ttl: { AccessToken: TOKEN_SECONDS, IdToken: TOKEN_SECONDS, Session: 86_400, Grant: 86_400, Interaction: 600 },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, id) => {
      const user = findUser(options.users, id)
      return user && { accountId: user.id, claims: () => claimsOf(user) }
    },
    extraTokenClaims: (_ctx, token) => {
      const user = 'accountId' in token ? findUser(options.users, token.accountId ?? '') : undefined
      return user && { email: user.id, email_verified: true, name: user.name }
    },
    // Everybody here belongs to the vault's own organisation: signing in is the consent.
    loadExistingGrant: async ctx => {
      const { client, session } = ctx.oidc
      if (!client || !session?.accountId) return undefined
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope(SCOPE)
      grant.addResourceScope(WALLET_AUDIENCE, SCOPE)
      await grant.save()
      return grant
    },
    renderError: (ctx, out) => {
      ctx.type = 'application/json'
      ctx.body = { error: out.error, error_description: out.error_description }
    },
  })

  const authenticate = async (name: string, password: string): Promise<UserRecord | undefined> => {
    const user = findUser(options.users, name)
    const accepted = await passwordMatches(user, password)
    options.onSignIn(accepted)
    return accepted ? user : undefined
  }

  provider.registerGrantType(
    PASSWORD_GRANT,
    async ctx => {
      const { client, params } = ctx.oidc
      const user = await authenticate(String(params?.username ?? ''), String(params?.password ?? ''))
      if (!client || !user) {
        ctx.status = 400
        ctx.body = { error: 'invalid_grant', error_description: 'wrong user or password' }
        return
      }
      const grant = new provider.Grant({ clientId: client.clientId, accountId: user.id })
      grant.addOIDCScope(SCOPE)
      grant.addResourceScope(WALLET_AUDIENCE, SCOPE)
      const token = new provider.AccessToken({
        accountId: user.id,
        client,
        grantId: await grant.save(),
        gty: PASSWORD_GRANT,
        scope: SCOPE,
      })
      token.resourceServer = new provider.ResourceServer(WALLET_AUDIENCE, resourceServer)
      ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: TOKEN_SECONDS, scope: SCOPE }
    },
    ['username', 'password', 'scope'],
    [],
  )

  const callback = provider.callback()
  return async (request, response) => {
    const uid = /^\/interaction\/([A-Za-z0-9_-]{1,64})$/.exec(request.url ?? '')?.[1]
    if (uid === undefined) return callback(request, response)
    const interaction = await provider.interactionDetails(request, response).catch(() => undefined)
    if (interaction?.uid !== uid) {
      return page(
        response,
        400,
        loginPage(uid, 'This sign-in has expired. Go back to the application and start again.'),
      )
    }
    // Native clients are always asked for consent (RFC 8252 section 8.6); signing in was it.
    if (interaction.prompt.name === 'consent') {
      return provider.interactionFinished(request, response, { consent: {} }, { mergeWithLastSubmission: true })
    }
    if (request.method !== 'POST') return page(response, 200, loginPage(uid))
    const form = new URLSearchParams(await readBody(request))
    const user = await authenticate(form.get('username') ?? '', form.get('password') ?? '')
    if (!user) return page(response, 401, loginPage(uid, 'Wrong user or password.'))
    await provider.interactionFinished(request, response, { login: { accountId: user.id } })
  }
}

function claimsOf(user: UserRecord) {
  return { sub: user.id, email: user.id, email_verified: true, name: user.name }
}

/** The private JWK set in `file`; made at first. */
export function signingKeys(file: string): string {
  return keptFile(file, makeKeys)
}

function makeKeys(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return JSON.stringify({ keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] })
}

function page(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  })
  response.end(html)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_FORM_BYTES) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
