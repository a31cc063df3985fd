import { join, resolve } from 'node:path'
import { type Client, createClient } from '@trivault/client'
import { CliError } from './errors.ts'
import { parseJsonText, readSecret, readTextIfThere } from './files.ts'

/** Options of every command. */
export interface GlobalOptions {
  json?: true
  api?: string
  apiKeyFile?: string
  tokenFile?: string
  user?: string
  passwordFile?: string
  home?: string
  as?: string
  pins?: string
}

/** What this command reads of a home's endpoints.json. */
export interface Endpoints {
  api: string | null
  oidc: string | null
  adminApiKey: string | null
  bootstrapApiKey: string | null
  users: readonly { id: string; password: string; deviceKeyFile: string | null }[]
  nodes: readonly { index: number; identityKey: string | null }[]
}

/** The home of a local vault: `--home`, TRIVAULT_HOME or `.trivault`. */
export function homeOf(options: GlobalOptions, environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(options.home ?? environment.TRIVAULT_HOME ?? '.trivault')
}

/** Throws `CliError` configuration when no vault was started in `home`. */
export function readEndpoints(home: string): Endpoints {
  const path = join(home, 'endpoints.json')
  const text = readTextIfThere(path)
  if (text === undefined)
    throw new CliError(
      'configuration',
      `no vault in ${home}: start one with \`npm start\`, name its home with --home, or connect with --api and --api-key-file`,
    )
  return parseJsonText(text, path) as Endpoints
}

/** A client with the credential that the options name. Throws `CliError` usage or configuration. */
export async function connect(options: GlobalOptions): Promise<Client> {
  const ways = [options.apiKeyFile, options.tokenFile, options.passwordFile, options.as].filter(Boolean)
  if (ways.length > 1) throw new CliError('usage', 'give one of --api-key-file, --token-file, --password-file and --as')
  const endpoints = options.api === undefined ? readEndpoints(homeOf(options)) : undefined
  const baseUrl = options.api ?? endpoints?.api
  if (!baseUrl) throw new CliError('configuration', 'the vault in this home is not running: start it with `npm start`')
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol))
    throw new CliError('usage', '--api must be a URL such as https://wallet.example.com')
  if (options.apiKeyFile !== undefined) return createClient({ baseUrl, apiKey: readSecret(options.apiKeyFile) })
  if (options.tokenFile !== undefined) return createClient({ baseUrl, bearer: readSecret(options.tokenFile) })
  if (options.passwordFile !== undefined) {
    if (options.user === undefined) throw new CliError('usage', '--password-file needs --user')
    const issuer = endpoints?.oidc ?? (await createClient({ baseUrl }).call('viewConfig')).OAuthDomain
    return createClient({ baseUrl, bearer: await signIn(issuer, options.user, readSecret(options.passwordFile)) })
  }
  if (endpoints === undefined)
    throw new CliError('usage', 'with --api give --api-key-file, --token-file, or --user with --password-file')
  if (options.as !== undefined) {
    const user = sampleUser(endpoints, options.as)
    return createClient({ baseUrl, bearer: await signIn(endpoints.oidc ?? '', user.id, user.password) })
  }
  const apiKey = endpoints.adminApiKey ?? endpoints.bootstrapApiKey
  if (apiKey === null) throw new CliError('configuration', 'endpoints.json holds no API key yet: wait for `npm start`')
  return createClient({ baseUrl, apiKey })
}

export function sampleUser(endpoints: Endpoints, id: string): Endpoints['users'][number] {
  const user = endpoints.users.find(one => one.id.toLowerCase() === id.toLowerCase())
  if (user !== undefined) return user
  const known = endpoints.users.map(one => one.id).join(', ')
  throw new CliError('usage', `${id} is no sample user of this vault: known are ${known || 'none'}`)
}

/** The local identity provider's password grant. Throws `CliError` refused or unreachable. */
async function signIn(issuer: string, username: string, password: string): Promise<string> {
  const unreachable = (cause: unknown): never => {
    throw new CliError('unreachable', `the identity provider ${issuer} cannot be reached: is the vault running?`, {
      cause,
    })
  }
  const signal = AbortSignal.timeout(15_000)
  const discovery = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`
  const document: unknown = await fetch(discovery, { signal })
    .then(response => response.json())
    .catch(unreachable)
  const endpoint = stringField(document, 'token_endpoint')
  const response = await fetch(endpoint ?? unreachable(undefined), {
    method: 'POST',
    signal,
    body: new URLSearchParams({
      grant_type: 'urn:trivault:password',
      client_id: 'trivault-cli',
      scope: 'openid email',
      username,
      password,
    }),
  }).catch(unreachable)
  const token = stringField(await response.json().catch(() => undefined), 'access_token')
  if (!response.ok || token === undefined)
    throw new CliError('refused', `${username} could not sign in: check the user and the password file`)
  return token
}

function stringField(value: unknown, name: string): string | undefined {
  const field = typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined
  return typeof field === 'string' ? field : undefined
}
