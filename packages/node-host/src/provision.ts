import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { EncryptionContext } from '@trivault/attestation'
import { json, parseJson, toHex } from '@trivault/codec'
import {
  anchorKeyOf,
  createFileAnchor,
  createNodeSecret,
  encodeNodeSecret,
  identityKeyOf,
  secretContext,
} from '@trivault/node-core'
import { HostError } from './errors.ts'

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
  /** Encrypts under this node's KMS key with this encryption context. */
  encrypt: (plaintext: Uint8Array, context: EncryptionContext) => Promise<Uint8Array>
}

const cardJson = json.object({
  index: json.integer(2),
  identityKey: json.string({ pattern: /^[0-9a-f]{64}$/, what: '64 lower-case hex digits' }),
})

/**
 * Makes a node's secret, which only this process sees and only for a moment, keeps it encrypted under the node's KMS key,
 * and makes the empty anchor that the secret authenticates. Never replaces a secret: called again, also after a crash at
 * any point, it finishes or returns the card of the existing one.
 * Throws HostError provisioned, LedgerError anchor (a node already ran with this anchor), and what `encrypt` throws.
 */
export async function provisionNode(options: ProvisionOptions): Promise<NodeCard> {
  const { index, deploymentId, anchor, encrypt } = options
  const cardFile = `${options.secret}.card`
  if (await exists(options.secret)) return readCard(cardFile, index)
  await mkdir(dirname(options.secret), { recursive: true, mode: 0o700 })
  const secret = createNodeSecret(length => new Uint8Array(randomBytes(length)))
  const plaintext = encodeNodeSecret(secret)
  try {
    const sealed = await encrypt(plaintext, secretContext(deploymentId, index))
    const card: NodeCard = { index, identityKey: toHex(identityKeyOf(secret)) }
    await createFileAnchor({ dir: anchor, key: anchorKeyOf(secret) })
    await store(cardFile, new TextEncoder().encode(`${cardJson.write(card)}\n`), rename)
    // Last and never over another one: its presence says that the rest is there.
    await store(options.secret, sealed, async (from, to) => {
      await link(from, to)
      await unlink(from)
    })
    return card
  } finally {
    for (const bytes of [plaintext, secret.encryptorMasterPassword, secret.identitySeed]) bytes.fill(0)
  }
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

async function store(path: string, content: Uint8Array, publish: (from: string, to: string) => Promise<void>) {
  const fresh = `${path}.${randomUUID()}`
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await publish(fresh, path)
  } catch (cause) {
    await unlink(fresh)
    throw new HostError('provisioned', `${path} cannot be made`, { cause })
  }
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
