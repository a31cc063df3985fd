/**
 * `env-config.js`: the one file in which two installations of the console and of the Approver App differ. The keys of the
 * `auth0` block have the names that they have in customer-secrets.yml.
 */
export interface EnvConfig {
  /** Origin of the wallet's API, `https://api.<environment>.<zone>`; no path, no trailing slash. */
  readonly API_URL: string
  /** Issuer of the identity provider, exactly as its tokens have it. */
  readonly ISSUER: string
  /** Audience of the access tokens that the wallet accepts. */
  readonly AUDIENCE: string
  /** Client id of the console. */
  readonly CLIENT_ID_SPA: string
  /** Client id of the Approver App. */
  readonly CLIENT_ID_NATIVE: string
  /** Name of the environment, `ENV_PREFIX`. */
  readonly ENVIRONMENT: string
  /** True: both apps say at the top of every page that only test networks are in use. */
  readonly TESTNET: boolean
  /** Where the console is served. */
  readonly CONSOLE_URL: string
  /** Where the Approver App is served. */
  readonly APPROVER_URL: string
}

/** `env-config.js` is missing or is not what the apps expect; the message names the field. */
export class EnvConfigError extends Error {
  override readonly name = 'EnvConfigError'
}

const GLOBAL = 'trivaultEnv'
const urls = ['API_URL', 'ISSUER', 'CONSOLE_URL', 'APPROVER_URL'] as const
const texts = ['AUDIENCE', 'CLIENT_ID_SPA', 'CLIENT_ID_NATIVE', 'ENVIRONMENT'] as const
const known = new Set<string>([...urls, ...texts, 'TESTNET'])

/** The content of env-config.js. Same values, same bytes. Throws EnvConfigError. */
export function renderEnvConfig(config: EnvConfig): string {
  const checked = parseEnvConfig(config)
  // In a script of its own no text can end the script early, but U+2028 and "<" cost nothing to escape.
  const json = JSON.stringify(checked, undefined, 2).replace(
    /[<\u2028\u2029]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `window.${GLOBAL} = ${json}\n`
}

/** What env-config.js has put on the page. Throws EnvConfigError. */
export function readEnvConfig(page: object = globalThis): EnvConfig {
  const value: unknown = Reflect.get(page, GLOBAL)
  if (value === undefined) throw new EnvConfigError('env-config.js was not loaded; it must lie beside index.html')
  return parseEnvConfig(value)
}

/** Throws EnvConfigError for a missing, unknown or malformed field. */
export function parseEnvConfig(value: unknown): EnvConfig {
  if (typeof value !== 'object' || value === null) throw new EnvConfigError('env-config.js holds no object')
  const fields = new Map(Object.entries(value))
  const unknown = [...fields.keys()].find(key => !known.has(key))
  if (unknown !== undefined) throw new EnvConfigError(`env-config.js: ${unknown} is not known`)
  const text = (key: string): string => {
    const found: unknown = fields.get(key)
    if (typeof found !== 'string' || found === '' || found.length > 2_048)
      throw new EnvConfigError(`env-config.js: ${key} must be a text`)
    return found
  }
  const url = (key: (typeof urls)[number]): string => {
    const found = text(key)
    const parsed = URL.parse(found)
    if (parsed?.username !== '' || !(parsed.protocol === 'https:' || isLoopback(parsed)))
      throw new EnvConfigError(`env-config.js: ${key} must be an https URL`)
    if (key !== 'ISSUER' && parsed.origin !== found)
      throw new EnvConfigError(`env-config.js: ${key} must be an origin, as ${parsed.origin}`)
    return found
  }
  const testnet: unknown = fields.get('TESTNET')
  if (typeof testnet !== 'boolean') throw new EnvConfigError('env-config.js: TESTNET must be true or false')
  return {
    API_URL: url('API_URL'),
    ISSUER: url('ISSUER'),
    AUDIENCE: text('AUDIENCE'),
    CLIENT_ID_SPA: text('CLIENT_ID_SPA'),
    CLIENT_ID_NATIVE: text('CLIENT_ID_NATIVE'),
    ENVIRONMENT: text('ENVIRONMENT'),
    TESTNET: testnet,
    CONSOLE_URL: url('CONSOLE_URL'),
    APPROVER_URL: url('APPROVER_URL'),
  }
}

/** Plain http is for a vault on this very machine. */
function isLoopback(url: URL): boolean {
  return url.protocol === 'http:' && (url.hostname === '127.0.0.1' || url.hostname === 'localhost')
}
