import { type Json, json, parseJson } from '@trivault/codec'
import type { Component, Endpoint } from './environment.ts'
import { EntrypointError } from './errors.ts'

const text = json.string({ max: 128 })
const dbInfo = json.object({ database: text, user: text, password: text })
const dbMaster = json.object({ username: text, password: json.string({ max: 256 }) })

export interface DatabaseRole {
  readonly database: string
  readonly user: string
  readonly password: string
}

/** Files of the service, by path in its run directory. */
export type ServiceFiles = ReadonlyMap<string, string | Uint8Array>

/** Throws EntrypointError secret, which names the variable and nothing of its value. */
export function filesOf(
  component: Component,
  secrets: ReadonlyMap<string, string>,
  database: Endpoint | undefined,
): ServiceFiles {
  const files = new Map<string, string | Uint8Array>()
  for (const [name, value] of secrets)
    for (const [file, content] of Object.entries(writers[name]?.(value, component, database) ?? {}))
      files.set(`secrets/${file}`, content)
  return files
}

type Written = Record<string, string | Uint8Array>
type Writer = (value: string, component: Component, database: Endpoint | undefined) => Written

const writers: Readonly<Record<string, Writer>> = {
  DB_INFO(value, _, database): Written {
    if (database === undefined) return {}
    return { 'database-url': databaseUrl(readRole('DB_INFO', value), database) }
  },
  BROKER_ROOT_CA: value => ({ 'broker-root-ca': value }),
  BROKER_TLS(value) {
    const { cert, key } = members('BROKER_TLS', value, ['cert', 'key'])
    return { 'broker-cert': `${cert}`, 'broker-key': `${key}` }
  },
  AUTH0: value => ({ auth0: value }),
  CHAIN_RPC_URLS: value => ({ 'chain-rpc-urls': value }),
  PINS(value, component): Written {
    if (component === 'wallet') return { pins: value }
    const { pins, ersPublicKey, statements } = members('PINS', value, ['pins', 'ersPublicKey', 'statements'])
    const statementsFile = JSON.stringify(statements)
    return { pins: JSON.stringify(pins), statements: statementsFile, 'ers-public-key': `${ersPublicKey}` }
  },
  NODE_SECRET(value) {
    const { secret } = members('NODE_SECRET', value, ['secret'])
    return { 'node-secret': new Uint8Array(Buffer.from(`${secret}`, 'base64')) }
  },
}

export const readRole = (name: string, value: string): DatabaseRole => parse(name, value, dbInfo)
export const readMaster = (value: string): { username: string; password: string } => parse('DB_MASTER', value, dbMaster)

/** With TLS to a server that proves its name. */
export function databaseUrl({ database, user, password }: DatabaseRole, { host, port, ca }: Endpoint): string {
  const url = new URL(`postgres://${host}:${port}/${database}`)
  url.username = user
  url.password = encodeURIComponent(password)
  url.searchParams.set('sslmode', 'verify-full')
  url.searchParams.set('sslrootcert', ca)
  return url.href
}

/** Members of a JSON object that a service cannot start without. */
function members<K extends string>(name: string, value: string, wanted: readonly K[]): Record<K, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    throw broken(name)
  }
  if (typeof parsed !== 'object' || parsed === null) throw broken(name)
  const missing = wanted.find(key => !(key in parsed) || !(parsed as Record<string, unknown>)[key])
  if (missing !== undefined) {
    const unpinned = missing === 'pins' || missing === 'statements'
    const remedy = unpinned ? ': the node admin has not pinned the peers (make pin-peers-policy-node…)' : ''
    throw new EntrypointError('secret', `the secret in ${name} has no ${missing}${remedy}`)
  }
  return parsed as Record<K, unknown>
}

function parse<T>(name: string, value: string, schema: Json<T>): T {
  try {
    return schema.read(parseJson(value))
  } catch {
    throw broken(name)
  }
}

const broken = (name: string): EntrypointError =>
  new EntrypointError('secret', `the secret in ${name} has not the form that populate-secrets gives it`)
