import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { json, parseJson, toHex } from '@trivault/codec'
import { createFileAnchor, type FirstSecretOptions, firstSecret } from '@trivault/node-core'
import { provideAdminKey } from './admin-key.ts'
import { HostError } from './errors.ts'
import { isThere, keepFile, keepNew } from './kept-file.ts'

/** What a node admin gives to the other two, before any node runs: they pin it in the genesis. */
export interface NodeCard {
  index: number
  /** Ed25519 public key, 64 lower-case hex digits. */
  identityKey: string
}

export interface ProvisionOptions {
  index: 0 | 1 | 2
  deploymentId: string
  /** File of the encrypted secret (0600), `secret` of the host's config. The card is kept beside it with `.card` added. */
  secret: string
  /** Directory of the vote record, `anchor` of the host's config. */
  anchor: string
  /** File of the admin's signing key (P-256, PEM, 0600), made when there is none. */
  adminKey: string
  /** Encrypts under this node's KMS key with this encryption context. */
  encrypt: FirstSecretOptions['encrypt']
}

const cardJson = json.object({
  index: json.integer(2),
  identityKey: json.string({ pattern: /^[0-9a-f]{64}$/, what: '64 lower-case hex digits' }),
})

/**
 * Makes a node's secret, which only this process sees and only for a moment, keeps it encrypted under the node's KMS key, and
 * makes the admin key that it names and the empty anchor that it authenticates. Never replaces a secret or an admin key: called
 * again, also after a crash at any point, it finishes or returns the card of the existing one.
 * Throws HostError provisioned, bad-config, LedgerError anchor (a node already ran with this anchor), and what `encrypt` throws.
 */
export async function provisionNode(options: ProvisionOptions): Promise<NodeCard> {
  const { index, deploymentId, anchor, encrypt } = options
  const cardFile = `${options.secret}.card`
  if (await isThere(options.secret)) return readCard(cardFile, index)
  for (const file of [options.secret, options.adminKey]) await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const { adminKey } = await provideAdminKey(options.adminKey)
  const random = (length: number) => new Uint8Array(randomBytes(length))
  const { sealed, identityKey, anchorKey } = await firstSecret({ index, deploymentId, adminKey, random, encrypt })
  try {
    await createFileAnchor({ dir: anchor, key: anchorKey })
  } finally {
    anchorKey.fill(0)
  }
  const card: NodeCard = { index, identityKey: toHex(identityKey) }
  await keepFile(cardFile, `${cardJson.write(card)}\n`)
  // Last and never over another one: its presence says that the rest is there.
  await keepNew(options.secret, sealed)
  return card
}

async function readCard(path: string, index: number): Promise<NodeCard> {
  try {
    const card = cardJson.read(parseJson(await readFile(path, 'utf8')))
    if (card.index !== index) throw new RangeError(`card of node ${card.index}`)
    return card
  } catch (cause) {
    throw new HostError('provisioned', `there is a secret, but ${path} is not the card of node ${index}`, { cause })
  }
}
