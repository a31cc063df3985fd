import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fromHex, parseJson } from '@trivault/codec'
import { giveOrder, type ProvisionOptions, provisionNode } from '@trivault/node-host'
import { type Genesis, genesisJson } from '@trivault/protocol'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { readIfThere, writePrivate } from './files.ts'
import type { Home } from './home.ts'
import { adminFiles, ersPublicKeyFile } from './layout.ts'
import { NODES, type NodeIndex, nodeName } from './nodes.ts'

/** Whom the node admins pin as founders, and how their first keys count. */
export type Founding = Pick<Genesis, 'foundingMode' | 'founders' | 'foundersRequired' | 'founderKeys'>

/** Encrypts under a node's KMS key. */
export type EncryptFor = (index: NodeIndex) => ProvisionOptions['encrypt']

/**
 * What the three node admins do before a vault's first start: each makes the own admin key, node secret and card; together they pin
 * the cards, the ERS fingerprint and the issuer's keys, and each signs that. Done once per home; later calls return what was pinned, and a call
 * that was cut short is finished by the next.
 */
export async function provision(
  home: Home,
  idp: { issuer: string; jwks: string },
  founding: Founding,
  encryptFor: EncryptFor,
): Promise<Genesis> {
  const done = pinsOf(home)
  if (done) return done
  const cards = await Promise.all(
    NODES.map(index =>
      provisionNode({
        index,
        deploymentId: home.deploymentId,
        secret: home.path(nodeName(index), 'secret.sealed'),
        anchor: home.path(nodeName(index), 'anchor'),
        adminKey: adminFiles(home, index).adminKey,
        encrypt: encryptFor(index),
      }),
    ),
  )
  const genesis: Genesis = {
    version: 1,
    deploymentId: home.deploymentId,
    identityKeys: cards.map(card => fromHex(card.identityKey)),
    ersFingerprint: makeSampleErsKey(home),
    ...founding,
    issuer: idp.issuer,
    approverClientId: 'trivault-approver',
    jwksThumbprints: await thumbprints(idp.jwks),
    claims: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
    profile: 'local',
    rulesVersion: 1,
  }
  const pins = `${genesisJson.write(genesis)}\n`
  for (const index of NODES) {
    const files = adminFiles(home, index)
    writePrivate(files.pins, pins)
    await giveOrder(files, { type: 'pins' })
  }
  // The wallet's copy comes last: its presence means that all of this is done.
  writePrivate(home.path('wallet', 'pins.json'), pins)
  return genesis
}

/** What this home's vault is founded on; undefined before it is. */
export function pinsOf(home: Home): Genesis | undefined {
  const pins = readIfThere(home.path('wallet', 'pins.json'))
  return pins === undefined ? undefined : genesisJson.read(parseJson(pins))
}

/** The sample Emergency Recovery Secret. Returns the fingerprint: SHA-256 of the public key (SubjectPublicKeyInfo, DER). */
function makeSampleErsKey(home: Home): Uint8Array {
  const privateFile = home.path('sample-ers-key.pem')
  const mark = 'Sample, not for real funds: this key was made by a program and lies on a machine with a network.\n'
  if (!existsSync(privateFile)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
    writePrivate(privateFile, mark + privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  const publicKey = createPublicKey(readFileSync(privateFile, 'utf8'))
  writePrivate(ersPublicKeyFile(home), mark + publicKey.export({ type: 'spki', format: 'pem' }))
  return new Uint8Array(
    createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest(),
  )
}

async function thumbprints(jwks: string): Promise<Uint8Array[]> {
  const { keys } = JSON.parse(jwks) as { keys: JWK[] }
  const encoded = await Promise.all(keys.map(key => calculateJwkThumbprint(key, 'sha256')))
  return encoded.map(thumbprint => new Uint8Array(Buffer.from(thumbprint, 'base64url')))
}
