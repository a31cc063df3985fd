import { compareBytes } from '@trivault/codec'
import { type IssuerKey, issuerKeyThumbprint } from '@trivault/protocol'
import { DeployerError } from '../errors.ts'

const ANSWER_MS = 15_000

/** RFC 7638 thumbprints of every signing key that the issuer publishes now, in ascending order. Throws DeployerError. */
export async function issuerThumbprints(issuer: string): Promise<Uint8Array[]> {
  const discovery = await fetchJson(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`)
  if (discovery.issuer !== issuer)
    throw new DeployerError(
      'mismatch',
      `the provider calls itself ${String(discovery.issuer)}, not ${issuer}`,
      'write ISSUER exactly so, with or without the slash at its end',
    )
  const { keys } = await fetchJson(String(discovery.jwks_uri))
  const thumbprints = (Array.isArray(keys) ? keys : []).flatMap(key => {
    const known = issuerKeyOf(key as Record<string, unknown>)
    return known === undefined ? [] : [issuerKeyThumbprint(known)]
  })
  if (thumbprints.length === 0)
    throw new DeployerError(
      'failed',
      `${issuer} publishes no RSA or P-256 key`,
      'let it sign ID tokens with RS256 or ES256',
    )
  return thumbprints.sort(compareBytes)
}

function issuerKeyOf({ kty, use, crv, e, n, x, y }: Record<string, unknown>): IssuerKey | undefined {
  const bytes = (text: unknown) => new Uint8Array(Buffer.from(String(text), 'base64url'))
  if (use === 'enc') return undefined
  if (kty === 'RSA' && e === 'AQAB') return { type: 'rsa', modulus: bytes(n) }
  return kty === 'EC' && crv === 'P-256' ? { type: 'ec', x: bytes(x), y: bytes(y) } : undefined
}

async function fetchJson(url: string): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })
    if (!response.ok) throw new Error(`it answers ${response.status}`)
    return (await response.json()) as Record<string, unknown>
  } catch (cause) {
    throw new DeployerError(
      'unreachable',
      `${url} cannot be read: ${cause instanceof Error ? cause.message : 'no answer'}`,
      'check ISSUER, and that this host reaches it',
      { cause },
    )
  }
}
