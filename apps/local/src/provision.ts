import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { toHex } from '@trivault/codec'
import { createNodeSecret, encodeNodeSecret, identityKeyOf } from '@trivault/node-core'
import { calculateJwkThumbprint } from 'jose'
import { LocalError } from './errors.ts'
import { readIfThere, writePrivate, writePrivateJson } from './files.ts'
import type { Home } from './home.ts'
import { NODES, type NodeIndex, nodeName } from './nodes.ts'

/** The genesis as its admins pin it, bytes as lower-case hex: content of each pins.json. */
export type Pins = {
  readonly version: 1
  readonly deploymentId: string
  readonly identityKeys: readonly [string, string, string]
  readonly ersFingerprint: string
  readonly foundingMode: 'open'
  readonly founders: readonly string[]
  readonly foundersRequired: number
  readonly issuer: string
  readonly approverClientId: string
  readonly jwksThumbprints: readonly string[]
  readonly profile: 'local'
  readonly rulesVersion: 1
}

/** Encrypts a node's secret under that node's KMS key. */
export type SealSecret = (index: NodeIndex, plaintext: Uint8Array) => Promise<Uint8Array>

/**
 * What the three node admins do before a vault's first start: each makes the own node's secret and card; together they pin
 * the cards, the ERS fingerprint and the issuer's keys. Done once per home; later calls return what was pinned.
 */
export async function provision(home: Home, idp: { issuer: string; jwks: string }, seal: SealSecret): Promise<Pins> {
  const pinned = readIfThere(home.path('wallet', 'pins.json'))
  if (pinned) return JSON.parse(pinned) as Pins
  const cards = await Promise.all(NODES.map(index => makeNode(home, index, seal)))
  const [zero, one, two] = cards
  if (!zero || !one || !two) throw new LocalError('start-failed', 'the node cards could not be made')
  const pins: Pins = {
    version: 1,
    deploymentId: home.deploymentId,
    identityKeys: [zero, one, two],
    ersFingerprint: makeSampleErsKey(home),
    foundingMode: 'open',
    founders: [],
    foundersRequired: 0,
    issuer: idp.issuer,
    approverClientId: 'trivault-approver',
    jwksThumbprints: await thumbprints(idp.jwks),
    profile: 'local',
    rulesVersion: 1,
  }
  for (const index of NODES) writePrivateJson(home.path(nodeName(index), 'pins.json'), pins)
  // Last, since its presence means that all of this is done.
  writePrivateJson(home.path('wallet', 'pins.json'), pins)
  return pins
}

/** Makes a node's secret, keeps it only sealed, and returns its card's identity key (hex). */
async function makeNode(home: Home, index: NodeIndex, seal: SealSecret): Promise<string> {
  const secret = createNodeSecret(length => new Uint8Array(randomBytes(length)))
  writePrivate(home.path(nodeName(index), 'secret.sealed'), await seal(index, encodeNodeSecret(secret)))
  return toHex(identityKeyOf(secret))
}

/** The sample Emergency Recovery Secret. Returns the fingerprint: SHA-256 of the public key (SubjectPublicKeyInfo, DER), hex. */
function makeSampleErsKey(home: Home): string {
  const privateFile = home.path('sample-ers-key.pem')
  const publicFile = home.path('sample-ers-public-key.pem')
  const mark = '# Sample, not for real funds: anybody who reads this machine can read it.\n'
  if (!existsSync(privateFile)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
    writePrivate(privateFile, mark + privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  const publicKey = createPublicKey(readFileSync(privateFile, 'utf8'))
  writePrivate(publicFile, mark + publicKey.export({ type: 'spki', format: 'pem' }))
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

async function thumbprints(jwks: string): Promise<string[]> {
  const { keys } = JSON.parse(jwks) as { keys: Parameters<typeof calculateJwkThumbprint>[0][] }
  const encoded = await Promise.all(keys.map(key => calculateJwkThumbprint(key, 'sha256')))
  return encoded.map(thumbprint => Buffer.from(thumbprint, 'base64url').toString('hex'))
}
