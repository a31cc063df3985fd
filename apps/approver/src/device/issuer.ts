import { DeviceError } from './errors.ts'

/** The members of a public JWK that name a key. */
export interface IssuerJwk {
  kty: 'RSA' | 'EC'
  n?: string
  x?: string
  y?: string
}

const timeout = 15_000

/** The claims of an ID token; nothing is believed of them, the nodes check the token. */
export function claimsOf(idToken: string): Readonly<Record<string, unknown>> {
  return partOf(idToken, 1)
}

/** The issuer's published key that the token's header names. The header only finds it: the pinned thumbprints decide. */
export async function issuerKeyOf(issuer: string, idToken: string): Promise<IssuerJwk> {
  const discovery = await json(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`)
  if (discovery.issuer !== issuer)
    throw problem('the identity provider calls itself another issuer than the pinned one')
  const { keys } = await json(String(discovery.jwks_uri))
  const list: unknown[] = Array.isArray(keys) ? keys : []
  const { kid } = partOf(idToken, 0)
  const key = kid === undefined && list.length === 1 ? list[0] : list.find(one => fields(one).kid === kid)
  const { kty, n, x, y } = fields(key)
  if (kty === 'RSA' && typeof n === 'string') return { kty, n }
  if (kty === 'EC' && typeof x === 'string' && typeof y === 'string') return { kty, x, y }
  throw problem('the identity provider publishes no key for its token')
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const problem = (message: string, cause?: unknown): DeviceError =>
  new DeviceError('issuer', message, 'try again; if it stays, tell the people who run the identity provider', { cause })

function partOf(token: string, index: number): Readonly<Record<string, unknown>> {
  try {
    const text = (token.split('.')[index] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    return fields(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw problem('the identity provider gave no readable ID token', cause)
  }
}

async function json(url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return fields(await response.json())
  } catch (cause) {
    throw problem('the identity provider cannot be reached', cause)
  }
}
