import { parse } from 'yaml'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { Deployment } from '../model.ts'
import { readIfThere } from './index.ts'

export interface OidcOptions {
  readonly check?: true
  readonly issuer?: string
  readonly clientIdSpa?: string
  readonly clientIdNative?: string
}

/** One client at the identity provider, with what has to be registered for it. */
export interface OidcClient {
  readonly client: 'CLIENT_ID_SPA' | 'CLIENT_ID_NATIVE'
  readonly title: string
  readonly redirectUris: readonly string[]
  readonly logoutUris: readonly string[]
  readonly origins: readonly string[]
}

/** Command lines listen here for the answer of a sign-in. */
const LOOPBACK = 'http://127.0.0.1:8910/callback'

export function oidcClients({ hosts }: Pick<Deployment, 'hosts'>): OidcClient[] {
  const at = (host: string) => ({
    redirectUris: [`https://${host}/callback`],
    logoutUris: [`https://${host}/`],
    origins: [`https://${host}`],
  })
  const app = at(hosts.approverApp)
  return [
    { client: 'CLIENT_ID_SPA', title: 'Vault UI, single-page application', ...at(hosts.console) },
    {
      client: 'CLIENT_ID_NATIVE',
      title: 'Approver App, native application with PKCE',
      ...app,
      redirectUris: [...app.redirectUris, LOOPBACK],
    },
  ]
}

export async function oidcUrls(context: Context, options: OidcOptions): Promise<void> {
  const clients = oidcClients(context.deployment())
  if (options.check) return checkRegistered(context, clients, options)
  const lines = clients.flatMap(({ client, title, redirectUris, logoutUris, origins }) => [
    `${client}: ${title}`,
    ...redirectUris.map(url => `  redirect URI  ${url}`),
    ...logoutUris.map(url => `  logout URI    ${url}`),
    ...origins.map(url => `  web origin    ${url}`),
  ])
  context.out.result({ clients }, lines.join('\n'))
}

/**
 * Asks the provider without a person (`prompt=none`). OpenID Connect Core 3.1.2.6: it sends an error back to a redirect URI only
 * when that is registered for the client, else it shows a page of its own.
 */
async function checkRegistered(context: Context, clients: readonly OidcClient[], options: OidcOptions): Promise<void> {
  const block = secretsBlock(context)
  const issuer = options.issuer ?? needed(block.ISSUER, 'ISSUER', '--issuer')
  const ids = {
    CLIENT_ID_SPA: options.clientIdSpa ?? needed(block.CLIENT_ID_SPA, 'CLIENT_ID_SPA', '--client-id-spa'),
    CLIENT_ID_NATIVE:
      options.clientIdNative ?? needed(block.CLIENT_ID_NATIVE, 'CLIENT_ID_NATIVE', '--client-id-native'),
  }
  const endpoint = await authorizationEndpoint(issuer)
  const checked = await Promise.all(
    clients.flatMap(({ client, redirectUris }) =>
      redirectUris.map(async url => ({ client, url, registered: await isRegistered(endpoint, ids[client], url) })),
    ),
  )
  context.out.result(
    { issuer, checked },
    checked.map(({ client, url, registered }) => `${registered ? '✓' : '✗'} ${client} ${url}`).join('\n'),
  )
  const missing = checked.filter(({ registered }) => !registered)
  if (missing.length > 0)
    throw new DeployerError(
      'mismatch',
      `${issuer} does not know ${missing.map(({ url }) => url).join(', ')}`,
      'register exactly these redirect URIs for the client, then run `make oidc-urls ARGS=--check` again',
      { told: true },
    )
}

export async function isRegistered(endpoint: string, clientId: string, redirectUri: string): Promise<boolean> {
  const url = new URL(endpoint)
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' // RFC 7636 appendix B; no code is ever redeemed
  for (const [name, value] of Object.entries({
    response_type: 'code',
    prompt: 'none',
    scope: 'openid',
    client_id: clientId,
    redirect_uri: redirectUri,
    state: 'check',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }))
    url.searchParams.set(name, value)
  const answer = await ask(url.href, { redirect: 'manual' })
  return answer.headers.get('location')?.startsWith(redirectUri) ?? false
}

async function authorizationEndpoint(issuer: string): Promise<string> {
  const answer = await ask(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`)
  const document: unknown = answer.ok ? await answer.json().catch(() => undefined) : undefined
  const endpoint = typeof document === 'object' && document !== null && Reflect.get(document, 'authorization_endpoint')
  if (typeof endpoint === 'string' && URL.canParse(endpoint)) return endpoint
  throw new DeployerError(
    'unreachable',
    `${issuer} has no OpenID Connect discovery document`,
    'check ISSUER: scheme, tenant and path',
  )
}

async function ask(url: string, options: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...options, signal: AbortSignal.timeout(15_000) })
  } catch (cause) {
    throw new DeployerError('unreachable', `${new URL(url).origin} does not answer`, 'check ISSUER and your network', {
      cause,
    })
  }
}

/** The block of the identity provider in customer-secrets.yml, if it is there. */
function secretsBlock(context: Context): Readonly<Record<string, unknown>> {
  const text = readIfThere(context.file('customer-secrets.yml'))
  const value: unknown = text === undefined ? undefined : parse(text)
  const block: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'auth0') : undefined
  return typeof block === 'object' && block !== null ? { ...block } : {}
}

function needed(value: unknown, name: string, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new DeployerError(
    'usage',
    `${name} is not known`,
    `fill in auth0.${name} of customer-secrets.yml, or give ${option}`,
  )
}
