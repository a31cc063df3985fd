import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Codec, encode, type Json, type JsonOf, json, parseJson } from '@trivault/codec'
import {
  type AdminStatements,
  adminStatementsCodec,
  adminStatementsJson,
  genesisCodec,
  genesisJson,
  noStatements,
} from '@trivault/protocol'
import type { CoreInit } from './core-link.ts'
import { HostError } from './errors.ts'
import { isThere } from './kept-file.ts'

const path = json.string({ pattern: /^[^\n]+$/, what: 'a path' })
const url = json.string({ pattern: /^https?:\/\/\S+$/, what: 'an http URL' })

/** The first kind where the member is there, else the second. */
function either<A, B>(member: string, first: Json<A>, second: Json<B>): Json<A | B> {
  return {
    read: value =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, member)
        ? first.read(value)
        : second.read(value),
    write: value => JSON.stringify(value),
  }
}

const configJson = json.object({
  index: json.integer(2),
  home: path,
  pins: path,
  statements: path,
  secret: path,
  anchor: either('host', json.object({ host: json.string({ max: 256 }), port: json.integer(65_535) }), path),
  ersPublicKey: path,
  database: json.object({ urlFile: path }),
  bus: json.object({
    url: json.string({ pattern: /^tls:\/\/\S+$/, what: 'tls://host:port' }),
    ca: path,
    cert: path,
    key: path,
  }),
  kms: either(
    'url',
    json.object({ url, keyId: json.string({ max: 256 }) }),
    json.object({
      region: json.string({ pattern: /^[a-z0-9-]+$/, what: 'an AWS region' }),
      keyId: json.string({ max: 256 }),
    }),
  ),
  attestation: either('url', json.object({ url }), json.object({ nitro: json.boolean })),
  metrics: json.object({ host: json.string({ max: 256 }), port: json.integer(65_535) }),
})

/**
 * Configuration of a Policy Node host; the fields are described in apps/local/README.md. `kms` is a software KMS (`url`) or
 * AWS KMS (`region`); `anchor` a directory or where the table of the node's secret is served (`host`, `port`); `attestation` a software authority (`url`) or the enclave's own security module (`nitro`).
 */
export type HostConfig = JsonOf<typeof configJson>

/** Paths in the file are relative to it; those of the answer are absolute. Throws HostError bad-config. */
export async function readConfig(file: string): Promise<HostConfig> {
  const config = await readJson(file, configJson)
  const at = (relative: string): string => resolve(dirname(file), relative)
  const { home, pins, statements, secret, anchor, ersPublicKey, database, bus } = config
  return {
    ...config,
    home: at(home),
    pins: at(pins),
    statements: at(statements),
    secret: at(secret),
    anchor: typeof anchor === 'string' ? at(anchor) : anchor,
    ersPublicKey: at(ersPublicKey),
    database: { urlFile: at(database.urlFile) },
    bus: { url: bus.url, ca: at(bus.ca), cert: at(bus.cert), key: at(bus.key) },
  }
}

/** What the core is started with, from the files that the config names. Throws HostError bad-config. */
export async function readInit(config: HostConfig): Promise<CoreInit> {
  const genesis = await readJson(config.pins, genesisJson)
  return {
    index: config.index,
    genesis: encode(genesisCodec as Codec<typeof genesis>, genesis),
    secret: new Uint8Array(await read(config.secret)),
    statements: encode(adminStatementsCodec, await readStatements(config.statements)),
    ersPublicKey: await readPublicKey(config.ersPublicKey),
    anchor: typeof config.anchor === 'string' ? config.anchor : undefined,
  }
}

/** What the admin signed; nothing where there is no file: the core then says what is missing. Throws HostError bad-config. */
export async function readStatements(file: string): Promise<AdminStatements> {
  return (await isThere(file)) ? readJson(file, adminStatementsJson) : noStatements
}

/** The database's URL; it is a secret. Throws HostError bad-config. */
export async function readDatabaseUrl(config: HostConfig): Promise<string> {
  const text = (await read(config.database.urlFile)).toString('utf8').trim()
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text))
    throw new HostError('bad-config', `${config.database.urlFile} must hold one postgres:// URL`)
  return text
}

async function readPublicKey(file: string): Promise<Uint8Array> {
  const pem = await read(file)
  if (pem.includes('PRIVATE KEY')) throw new HostError('bad-config', `${file} holds a private key; give the public one`)
  try {
    return new Uint8Array(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
  } catch (cause) {
    throw new HostError('bad-config', `${file} is not a public key in PEM`, { cause })
  }
}

export async function readJson<T>(file: string, schema: Json<T>): Promise<T> {
  const text = (await read(file)).toString('utf8')
  try {
    return schema.read(parseJson(text))
  } catch (cause) {
    throw new HostError('bad-config', `${file}: ${cause instanceof Error ? cause.message : 'not readable'}`, { cause })
  }
}

function read(file: string): Promise<Buffer> {
  return readFile(file).catch(cause => {
    throw new HostError('bad-config', `cannot read ${file}`, { cause })
  })
}
