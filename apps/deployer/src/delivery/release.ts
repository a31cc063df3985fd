import type { PcrSet } from '../model.ts'
import { untrusted } from './refusals.ts'
import type { SigningKey, TrustedKey } from './signing.ts'

export const serviceNames = ['wallet', 'policy-node', 'broker'] as const
export type ServiceName = (typeof serviceNames)[number]
export type ImageName = ServiceName | 'wallet-deployer'
export type Digest = `sha256:${string}`

/** Repositories of the publisher's registry. */
export const repositoryOf = (image: ImageName) => `trivault/${image}`

export interface FileEntry {
  readonly sha256: string
  readonly size: number
}

/**
 * `release.json`: all that one publish made, under one signature. The same bytes lie beside the bundle, the enclave image
 * and the deployer's version, so that each of the three can be taken from another release and is still covered by one.
 */
export interface Release {
  readonly release: string
  readonly deployer: { readonly version: string; readonly image: Digest }
  readonly enclave: { readonly tag: string; readonly pcrs: PcrSet }
  readonly images: Readonly<Record<ServiceName, Digest>>
  /** By key in the delivery bucket. */
  readonly files: Readonly<Record<string, FileEntry>>
}

/** Places in the delivery bucket; the first two are the guide's. */
export const places = {
  bundle: (release: string) => `customer/shared/${release}/`,
  enclave: (tag: string) => `enclave/${tag}/`,
  deployer: (version: string) => `deployer/${version}/`,
}

export const RELEASE_FILE = 'release.json'
export const SIGNATURE_FILE = 'release.json.sig'

const FORMAT = 'trivault-release-1'
const MAX_BYTES = 1 << 20

/** The bytes of release.json: same release, same bytes. */
export function renderRelease(release: Release): Uint8Array {
  const files = Object.fromEntries(Object.entries(release.files).sort(([a], [b]) => (a < b ? -1 : 1)))
  return new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...release, files }, undefined, 2)}\n`)
}

/** The text of release.json.sig: base64 of the DER signature, as `openssl dgst -verify` takes it after `base64 -d`. */
export const signRelease = (bytes: Uint8Array, key: SigningKey): string =>
  `${Buffer.from(key.sign(bytes)).toString('base64')}\n`

/**
 * Checks the signature over the exact bytes before it reads them.
 * @throws DeployerError `untrusted`
 */
export function openRelease(bytes: Uint8Array, signature: string, key: TrustedKey): Release {
  if (bytes.length > MAX_BYTES) throw untrusted('release.json is too large to be one')
  if (!/^[A-Za-z0-9+/]{60,120}={0,2}\s*$/.test(signature)) throw untrusted('release.json.sig holds no signature')
  if (!key.verifies(bytes, Buffer.from(signature, 'base64')))
    throw untrusted(
      `release.json is not signed by the key ${key.fingerprint}: it was altered or comes from somebody else`,
    )
  return parseRelease(bytes)
}

function parseRelease(bytes: Uint8Array): Release {
  const top = fields(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), 'release.json')
  expect(top.get('format') === FORMAT, `its format is not ${FORMAT}`)
  exactly(top, 'release.json', ['format', 'release', 'deployer', 'enclave', 'images', 'files'])
  const deployer = fields(top.get('deployer'), 'deployer')
  exactly(deployer, 'deployer', ['version', 'image'])
  const enclave = fields(top.get('enclave'), 'enclave')
  exactly(enclave, 'enclave', ['tag', 'pcrs'])
  const images = fields(top.get('images'), 'images')
  exactly(images, 'images', serviceNames)
  return {
    release: tag(top.get('release'), 'release'),
    deployer: { version: tag(deployer.get('version'), 'deployer.version'), image: digest(deployer.get('image')) },
    enclave: { tag: tag(enclave.get('tag'), 'enclave.tag'), pcrs: pcrSet(enclave.get('pcrs')) },
    images: {
      wallet: digest(images.get('wallet')),
      'policy-node': digest(images.get('policy-node')),
      broker: digest(images.get('broker')),
    },
    files: Object.fromEntries(
      [...fields(top.get('files'), 'files')].map(([key, entry]) => [path(key), fileEntry(entry)]),
    ),
  }
}

function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw untrusted(`release.json: ${what}`)
}

function fields(value: unknown, name: string): Map<string, unknown> {
  expect(typeof value === 'object' && value !== null && !Array.isArray(value), `${name} is no object`)
  return new Map(Object.entries(value))
}

function exactly(found: Map<string, unknown>, name: string, keys: readonly string[]): void {
  expect(found.size === keys.length && keys.every(key => found.has(key)), `${name} must have ${keys.join(', ')}`)
}

/** A tag is part of paths and references: one segment, no dots alone. Throws DeployerError `untrusted`. */
export function tag(value: unknown, name: string): string {
  expect(typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(value), `${name} is no tag`)
  return value
}

function digest(value: unknown): Digest {
  expect(typeof value === 'string' && isDigest(value), 'an image is not named by its digest')
  return value
}

export const isDigest = (value: string): value is Digest => /^sha256:[0-9a-f]{64}$/.test(value)

function path(value: string): string {
  const segments = value.split('/')
  const safe = segments.every(s => /^[A-Za-z0-9._-]{1,128}$/.test(s) && s !== '.' && s !== '..')
  expect(safe && segments.length <= 12, 'a file name leads out of its folder')
  return value
}

function fileEntry(value: unknown): FileEntry {
  const entry = fields(value, 'a file')
  exactly(entry, 'a file', ['sha256', 'size'])
  const [hash, size] = [entry.get('sha256'), entry.get('size')]
  expect(typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash), 'a file has no sha256')
  expect(typeof size === 'number' && Number.isSafeInteger(size) && size >= 0, 'a file has no size')
  return { sha256: hash, size }
}

/** Throws DeployerError `untrusted`. */
export function pcrSet(value: unknown): PcrSet {
  const found = fields(value, 'PCRs')
  const pcr = (name: string): string => {
    const hex = found.get(name)
    expect(typeof hex === 'string' && /^[0-9a-f]{96}$/.test(hex), `${name} is not 96 hex digits`)
    return hex
  }
  const [PCR0, PCR1, PCR2] = [pcr('PCR0'), pcr('PCR1'), pcr('PCR2')]
  const signed = found.has('PCR8')
  exactly(found, 'PCRs', ['PCR0', 'PCR1', 'PCR2', ...(signed ? ['PCR8'] : [])])
  return { PCR0, PCR1, PCR2, ...(signed && { PCR8: pcr('PCR8') }) }
}
