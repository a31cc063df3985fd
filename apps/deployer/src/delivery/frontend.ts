import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EnvConfig, EnvConfigError, renderEnvConfig } from '@trivault/web-config'
import { unzipSync, type Zippable, zipSync } from 'fflate'
import { parse } from 'yaml'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { Deployment } from '../model.ts'
import { secretId } from '../names.ts'
import { untrusted } from './refusals.ts'
import { openRelease, places, RELEASE_FILE, SIGNATURE_FILE } from './release.ts'
import { KEY_FILE, sha256, trustedKey } from './signing.ts'

export const ENV_CONFIG = 'env-config.js'
/** Each app as delivered (in the bundle's `web`), and as packaged for this environment (beside it). */
export const apps = { frontend: 'frontend.zip', approver: 'approver.zip' } as const

/** The `auth0` block of customer-secrets.yml. Client ids and issuer are public. */
export type OidcSettings = Pick<EnvConfig, 'ISSUER' | 'AUDIENCE' | 'CLIENT_ID_SPA' | 'CLIENT_ID_NATIVE'>
const oidcKeys = ['ISSUER', 'AUDIENCE', 'CLIENT_ID_SPA', 'CLIENT_ID_NATIVE'] as const

// Zip keeps local time, without a zone: made from local parts, the bytes are the same everywhere.
const epoch = new Date(1980, 0, 1)

/** Same files, same bytes, in any time zone. */
export function zipFiles(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))
  const entries: Zippable = Object.fromEntries(
    sorted.map(([path, bytes]) => [path, [bytes, { mtime: epoch, level: 6 }]]),
  )
  return zipSync(entries, { os: 3, attrs: 0o100644 << 16 })
}

/** Throws RangeError for a path that leads out of the folder into which the files are put. */
export function unzipFiles(zip: Uint8Array): Record<string, Uint8Array> {
  const files = unzipSync(zip, { filter: ({ name }) => !name.endsWith('/') })
  for (const path of Object.keys(files))
    if (path.startsWith('/') || path.split('/').some(s => s === '..' || s === ''))
      throw new RangeError(`${path} leads out`)
  return files
}

/** The two archives that `generate-fe-env` makes. Throws `DeployerError` missing-file. */
export function frontendPaths(cwd: string): Record<keyof typeof apps, string> {
  const paths = { frontend: join(cwd, apps.frontend), approver: join(cwd, apps.approver) }
  for (const path of Object.values(paths))
    if (!existsSync(path))
      throw new DeployerError('missing-file', `${path} is not there`, 'run `make generate-fe-env` first')
  return paths
}

/** The public API URL as the apps get it. Throws `DeployerError` mismatch when it is not this environment's. */
export function apiUrl(given: string, { hosts }: Pick<Deployment, 'hosts'>): string {
  const expected = `https://${hosts.api}`
  const url = given.replace(/\/$/, '')
  if (url === expected) return url
  throw new DeployerError(
    'mismatch',
    `BACKEND_API_PATH is ${given}, but this environment’s API is ${expected}`,
    `export BACKEND_API_PATH=${expected}`,
  )
}

/** Everything in which two installations of the apps differ. Throws `DeployerError` bad-config. */
export function envConfig(deployment: Deployment, api: string, oidc: OidcSettings): string {
  const { hosts, environment, testnet } = deployment
  try {
    return renderEnvConfig({
      API_URL: apiUrl(api, deployment),
      ...oidc,
      ENVIRONMENT: environment,
      TESTNET: testnet,
      CONSOLE_URL: `https://${hosts.console}`,
      APPROVER_URL: `https://${hosts.approverApp}`,
    })
  } catch (cause) {
    if (!(cause instanceof EnvConfigError)) throw cause
    throw new DeployerError('bad-config', cause.message, 'correct the auth0 block of customer-secrets.yml', { cause })
  }
}

/** The delivered app with this environment's env-config.js beside its index.html. Throws `DeployerError` untrusted. */
export function packageApp(delivered: Uint8Array, config: string): Uint8Array {
  const files = unzipFiles(delivered)
  if (files['index.html'] === undefined || files[ENV_CONFIG] !== undefined)
    throw untrusted('the delivered app is not one: index.html must be in it, env-config.js not')
  return zipFiles({ ...files, [ENV_CONFIG]: new TextEncoder().encode(config) })
}

export type OidcFlags = { issuer?: string; audience?: string; clientIdSpa?: string; clientIdNative?: string }

/** Flags, else customer-secrets.yml, else what populate-secrets-wallet stored. Throws `DeployerError`. */
export async function oidcSettings(context: Context, flags: OidcFlags): Promise<OidcSettings> {
  const { issuer, audience, clientIdSpa, clientIdNative } = flags
  const given = { ISSUER: issuer, AUDIENCE: audience, CLIENT_ID_SPA: clientIdSpa, CLIENT_ID_NATIVE: clientIdNative }
  if (oidcKeys.every(key => given[key] !== undefined)) return given as OidcSettings
  const found = { ...(fromFile(context) ?? (await fromSecret(context))), ...dropUndefined(given) }
  const missing = oidcKeys.filter(key => typeof found[key] !== 'string' || found[key] === '')
  if (missing.length > 0) {
    throw new DeployerError(
      'bad-config',
      `${missing.map(key => `auth0.${key}`).join(', ')} of the identity provider is not known here`,
      'fill in the auth0 block of customer-secrets.yml, or give --issuer, --audience, --client-id-spa and --client-id-native',
    )
  }
  return found as OidcSettings
}

const dropUndefined = (record: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))

type Found = Partial<Record<string, unknown>>

const block = (value: unknown): Found => {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return Object.fromEntries(entries.filter(([key]) => oidcKeys.some(known => known === key)))
}

function fromFile(context: Context): Found | undefined {
  const path = context.file('customer-secrets.yml')
  if (!existsSync(path)) return undefined
  const file: unknown = parse(readFileSync(path, 'utf8'))
  return typeof file === 'object' && file !== null && 'auth0' in file ? block(file.auth0) : {}
}

async function fromSecret(context: Context): Promise<Found> {
  const deployment = context.deployment()
  if ((await context.caller()).account !== deployment.accounts.wallet) return {}
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  try {
    const id = secretId(deployment, 'auth0')
    const { SecretString } = await context.aws
      .client(SecretsManagerClient)
      .send(new GetSecretValueCommand({ SecretId: id }))
    return block(JSON.parse(SecretString ?? '{}'))
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return {}
    throw error
  }
}

/** A delivered app from the bundle in the working directory, checked against the signed release beside it. */
function deliveredApp(context: Context, file: string): Uint8Array {
  const remedy = 'run `make pull-customer-assets` first'
  const read = (name: string): Buffer => {
    if (!existsSync(context.file(name))) throw new DeployerError('missing-file', `${name} is not there`, remedy)
    return readFileSync(context.file(name))
  }
  const key = trustedKey(read(KEY_FILE).toString(), context.settings.require('SIGNING_KEY_FINGERPRINT'))
  const release = openRelease(read(RELEASE_FILE), read(SIGNATURE_FILE).toString(), key)
  const bytes = read(join('web', file))
  if (release.files[`${places.bundle(release.release)}web/${file}`]?.sha256 !== sha256(bytes))
    throw untrusted(`web/${file} is not the file of release ${release.release}`, remedy)
  return bytes
}

/** `make generate-fe-env`. Throws `DeployerError`. */
export async function generateFeEnv(context: Context, flags: OidcFlags): Promise<void> {
  const api = context.settings.require('BACKEND_API_PATH')
  const deployment = context.deployment()
  apiUrl(api, deployment)
  const config = envConfig(deployment, api, await oidcSettings(context, flags))
  const archives = Object.values(apps).map(file => ({ file, bytes: packageApp(deliveredApp(context, file), config) }))
  if (context.flags.dryRun) {
    context.out.say(`would write ${[ENV_CONFIG, ...Object.values(apps)].join(', ')} for ${api}`)
    return
  }
  writeFileSync(context.file(ENV_CONFIG), config)
  for (const { file, bytes } of archives) writeFileSync(context.file(file), bytes)
  const written = Object.fromEntries(archives.map(({ file, bytes }) => [file, `sha256:${sha256(bytes)}`]))
  context.out.result({ api, ...written }, `${ENV_CONFIG} for ${api}, packaged in ${Object.keys(written).join(' and ')}`)
}
