import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Codec, encode, type Json, type JsonOf, json, parseJson } from '@trivault/codec'
import { genesisCodec, genesisJson } from '@trivault/protocol'
import type { CoreInit } from './core-link.ts'
import { HostError } from './errors.ts'

const path = json.string({ pattern: /^\//, what: 'an absolute path' })
const url = json.string({ pattern: /^https?:\/\/\S+$/, what: 'an http URL' })

const configJson = json.object({
  index: json.integer(2),
  home: path,
  pins: path,
  secret: path,
  anchor: path,
  ersPublicKey: path,
  database: json.object({ urlFile: path }),
  bus: json.object({
    url: json.string({ pattern: /^tls:\/\/\S+$/, what: 'tls://host:port' }),
    ca: path,
    cert: path,
    key: path,
  }),
  kms: json.object({ url, keyId: json.string({ max: 256 }) }),
  attestation: json.object({ url }),
  metrics: json.object({ host: json.string({ max: 256 }), port: json.integer(65_535) }),
})

/** Configuration of a Policy Node host; the fields are described in apps/local/README.md. */
export type HostConfig = JsonOf<typeof configJson>

/** Throws HostError bad-config. */
export async function readConfig(file: string): Promise<HostConfig> {
  return readJson(file, configJson)
}

/** What the core is started with, from the files that the config names. Throws HostError bad-config. */
export async function readInit(config: HostConfig): Promise<CoreInit> {
  const genesis = await readJson(config.pins, genesisJson)
  return {
    index: config.index,
    genesis: encode(genesisCodec as Codec<typeof genesis>, genesis),
    secret: new Uint8Array(await read(config.secret)),
    ersPublicKey: await readPublicKey(config.ersPublicKey),
    anchor: config.anchor,
  }
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

async function readJson<T>(file: string, schema: Json<T>): Promise<T> {
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
