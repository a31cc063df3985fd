import { readIfThere } from '../config/index.ts'
import { isRegistered, oidcClients } from '../config/oidc-urls.ts'
import type { Context } from '../context.ts'
import { ENV_CONFIG, oidcSettings } from '../delivery/frontend.ts'
import type { Finding } from '../findings.ts'
import { fail, ok, warn } from './findings.ts'

/** @param document what the provider publishes about itself */
export function discoveryFinding(issuer: string, document: unknown): Finding {
  const check = 'identity provider'
  const remedy = 'set auth0.ISSUER to exactly the issuer of its tokens, and populate and redeploy'
  if (typeof document !== 'object' || document === null)
    return fail(check, `${issuer} has no discovery document`, remedy)
  const found: unknown = Reflect.get(document, 'issuer')
  // Nodes and wallet compare issuers byte by byte, a slash at the end included.
  if (found !== issuer) return fail(check, `calls itself ${String(found)}, but ISSUER is ${issuer}`, remedy)
  const missing = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'].filter(
    name => typeof Reflect.get(document, name) !== 'string',
  )
  if (missing.length > 0)
    return fail(
      check,
      `its discovery document lacks ${missing.join(', ')}`,
      'use a provider with OpenID Connect discovery',
    )
  return ok(check, `${issuer} answers`)
}

/** Discovery, and the redirect URIs as far as a provider tells without a person. */
export async function checkSignIn(context: Context): Promise<Finding[]> {
  const deployment = context.deployment()
  const oidc = await oidcSettings(context, {})
  const document = await json(`${oidc.ISSUER.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const discovery = discoveryFinding(oidc.ISSUER, document)
  if (discovery.level === 'fail') return [discovery]
  const endpoint = String(Reflect.get(Object(document), 'authorization_endpoint'))
  const redirects = await Promise.all(
    oidcClients(deployment).flatMap(({ client, redirectUris }) =>
      redirectUris.map(async (uri): Promise<Finding> => {
        if (await isRegistered(endpoint, oidc[client], uri)) return ok('redirect URI', uri)
        // Some providers answer only people, so this is no proof.
        return warn(
          'redirect URI',
          `${uri} seems unknown to the provider`,
          `register it for ${client} (make oidc-urls prints all of them)`,
        )
      }),
    ),
  )
  return [discovery, ...redirects, ...(await checkServed(context))]
}

/** Whether the console serves the env-config.js that was generated here last. */
async function checkServed(context: Context): Promise<Finding[]> {
  const local = readIfThere(context.file(ENV_CONFIG))
  const { hosts } = context.deployment()
  if (local === undefined) return []
  const url = `https://${hosts.console}/${ENV_CONFIG}`
  const served = await text(url)
  if (served === undefined) return [fail('console', `${url} does not answer`, 'make deploy-wallet')]
  if (served === local) return [ok('console', `serves the ${ENV_CONFIG} of this directory`)]
  return [
    warn(
      'console',
      `serves another ${ENV_CONFIG} than the one of this directory`,
      'make generate-fe-env, then make deploy-wallet',
    ),
  ]
}

async function text(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000), redirect: 'error' })
    return answer.ok ? await answer.text() : undefined
  } catch {
    return undefined
  }
}

async function json(url: string): Promise<unknown> {
  const found = await text(url)
  try {
    return found === undefined ? undefined : JSON.parse(found)
  } catch {
    return undefined
  }
}
