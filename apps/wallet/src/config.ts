import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Json, type JsonOf, json, parseJson } from '@trivault/codec'

const text = json.string({ max: 2048 })
const path = json.string({ pattern: /^[^\n]+$/, what: 'a path' })
const url = json.string({ pattern: /^https?:\/\/\S+$/, what: 'an http URL' })
const listen = json.object({ host: text, port: json.integer(65_535) })

const oidcJson = json.object(
  { issuer: url, audience: text },
  { emailClaim: text, emailVerifiedClaim: text, webClientId: text },
)
export type OidcSettings = JsonOf<typeof oidcJson>

/** As the keys of the identity provider's block in customer-secrets.yml. */
const oidcBlock = json.object(
  { AUDIENCE: text, ISSUER: url, CLIENT_ID_SPA: text, CLIENT_ID_NATIVE: text },
  { PROVIDER: text, EMAIL_CLAIM: text, EMAIL_VERIFIED_CLAIM: text },
)

const chainsJson = json.map(text, json.object({ rpcUrl: url }))
const rpcUrls = json.map(text, url)

/** A path to settings that are kept with the secrets, or the settings. */
const oidcSource: Json<{ file: string } | OidcSettings> = {
  read: value =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, 'file')
      ? json.object({ file: path }).read(value)
      : oidcJson.read(value),
  write: value => JSON.stringify(value),
}

/** What the wallet's process is started with: `--config FILE`. Paths are relative to that file. */
const configJson = json.refine(
  json.object(
    {
      listen,
      publicUrl: url,
      pins: path,
      database: json.object({ urlFile: path }),
      bus: json.object({ url: text, ca: path, cert: path, key: path }),
      oidc: oidcSource,
      chains: chainsJson,
      metrics: listen,
    },
    {
      home: path,
      bootstrapKeyFile: path,
      bootstrapKeySecret: text,
      chainRpcUrlsFile: path,
      requiredChains: json.array(text),
      corsOrigins: json.array(url),
      requestsPerMinute: json.integer(),
      environmentName: text,
    },
  ),
  config =>
    (config.bootstrapKeyFile === undefined) === (config.bootstrapKeySecret === undefined)
      ? 'one of bootstrapKeyFile and bootstrapKeySecret expected'
      : undefined,
)

/** All that a wallet process is told, checked. */
export interface WalletConfig {
  readonly listen: { readonly host: string; readonly port: number }
  readonly publicUrl: string
  /** The node admins' pins as JSON. */
  readonly pins: string
  readonly database: { readonly urlFile: string }
  readonly bus: { readonly url: string; readonly ca: string; readonly cert: string; readonly key: string }
  readonly oidc: OidcSettings
  /** Where the wallet puts the bootstrap Admin key that it makes at its first start: a file (0600), or a name in AWS Secrets Manager. */
  readonly bootstrapKey: { readonly file: string } | { readonly secretId: string }
  /** RPC URL of each chain, by CAIP-2. */
  readonly chains: Readonly<Record<string, string>>
  /** Chains of the configuration that no RPC URL is known of. */
  readonly missingChains: readonly string[]
  readonly corsOrigins: readonly string[]
  /** Per client address. */
  readonly requestsPerMinute: number | undefined
  readonly metrics: { readonly host: string; readonly port: number }
  readonly environmentName: string
}

/** Throws RangeError, which names the file and what is wrong in it. */
export function readConfig(file: string): WalletConfig {
  const raw = readJson(file, configJson)
  const at = (relative: string): string => resolve(dirname(file), relative)
  const rpc = new Map([...raw.chains].map(([chain, { rpcUrl }]) => [chain, rpcUrl]))
  if (raw.chainRpcUrlsFile !== undefined)
    for (const [chain, rpcUrl] of readJson(at(raw.chainRpcUrlsFile), rpcUrls)) rpc.set(chain, rpcUrl)
  return {
    listen: raw.listen,
    publicUrl: raw.publicUrl,
    pins: at(raw.pins),
    database: { urlFile: at(raw.database.urlFile) },
    bus: { url: raw.bus.url, ca: at(raw.bus.ca), cert: at(raw.bus.cert), key: at(raw.bus.key) },
    oidc: 'file' in raw.oidc ? readOidcBlock(at(raw.oidc.file)) : raw.oidc,
    bootstrapKey:
      raw.bootstrapKeySecret === undefined
        ? { file: at(raw.bootstrapKeyFile ?? '') }
        : { secretId: raw.bootstrapKeySecret },
    chains: Object.fromEntries(rpc),
    missingChains: (raw.requiredChains ?? []).filter(chain => !rpc.has(chain)),
    corsOrigins: raw.corsOrigins ?? [],
    requestsPerMinute: raw.requestsPerMinute,
    metrics: raw.metrics,
    environmentName: raw.environmentName ?? 'local',
  }
}

function readOidcBlock(file: string): OidcSettings {
  const block = readJson(file, oidcBlock)
  return {
    issuer: block.ISSUER,
    audience: block.AUDIENCE,
    webClientId: block.CLIENT_ID_SPA,
    ...(block.EMAIL_CLAIM !== undefined && { emailClaim: block.EMAIL_CLAIM }),
    ...(block.EMAIL_VERIFIED_CLAIM !== undefined && { emailVerifiedClaim: block.EMAIL_VERIFIED_CLAIM }),
  }
}

function readJson<T>(file: string, schema: Json<T>): T {
  try {
    return schema.read(parseJson(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new RangeError(`${file}: ${cause instanceof Error ? cause.message : 'not readable'}`, { cause })
  }
}
