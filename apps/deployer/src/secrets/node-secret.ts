import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@trivault/codec'
import {
  anchorKeyOf,
  createFileAnchor,
  createNodeSecret,
  encodeNodeSecret,
  identityKeyOf,
  secretContext,
} from '@trivault/node-core'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { Deployment, NodeIndex } from '../model.ts'
import { deploymentId, nodeKeyAlias, secretId, secretNames } from '../names.ts'
import { cardFile, cardText, type NodeCard, readPartition, writePartition } from './partition.ts'
import { openStore, type SecretStore } from './store.ts'

/**
 * Makes the secret of a Policy Node on this host, from the operating system's random source: Encryptor Master Password and
 * identity seed. They leave this process only encrypted by the node's key, are never shown and never replaced. Prints the
 * node card; run again it prints the card that is there. Throws DeployerError.
 */
export async function populateNode(context: Context, index: NodeIndex): Promise<void> {
  const deployment = context.deployment()
  const store = await openStore(context)
  const id = secretId(deployment, secretNames.policyNode(index))
  const { exists, labels } = await store.describe(id)
  if (!exists)
    throw new DeployerError(
      'missing-file',
      `there is no secret ${id} in this account`,
      `run \`make deploy-policy-node${index}-long-lived\` first`,
    )
  if (labels !== undefined) {
    const card = labelledCard(labels, index)
    if (!context.flags.dryRun) await keepCard(store, deployment, card)
    return printCard(context, card, 'Policy Node has its secret already; it stays as it is. Its card:')
  }
  if (context.flags.dryRun)
    return context.out.result({ node: index, written: false }, `Policy Node ${index} would get its secret and card`)
  const { value, card } = await makeSecret(context, index)
  // Of two runs at once only one gets further than this.
  await store.writeFirst(id, value, labelOf(card))
  await keepCard(store, deployment, card)
  await printCard(context, card, 'the secret is made, encrypted and stored; nobody has seen it. Node card:')
}

// Nobody but the enclave reads the secret, so its identity key stands on it as a label that came with the value: card and secret
// belong together whatever breaks off, or runs at the same time.
const LABEL = 'identity-'
const labelOf = ({ identityKey }: NodeCard): string => `${LABEL}${identityKey}`

/** Throws DeployerError failed. */
function labelledCard(labels: readonly string[], index: NodeIndex): NodeCard {
  const identityKey = labels.find(label => label.startsWith(LABEL))?.slice(LABEL.length)
  if (identityKey !== undefined) return { index, identityKey }
  throw new DeployerError(
    'failed',
    `Policy Node ${index} has a secret that this program did not make, or its label ${LABEL}… was taken away`,
    'see the staging labels of the secret and, in CloudTrail, who changed them',
  )
}

async function keepCard(store: SecretStore, deployment: Deployment, card: NodeCard): Promise<void> {
  const partition = await readPartition(store, deployment, card.index)
  if (partition.card?.identityKey !== card.identityKey)
    await writePartition(store, deployment, card.index, { ...partition, card })
}

async function makeSecret(context: Context, index: NodeIndex): Promise<{ value: string; card: NodeCard }> {
  const deployment = context.deployment()
  const { KMSClient, EncryptCommand } = await import('@aws-sdk/client-kms')
  const secret = createNodeSecret(length => new Uint8Array(randomBytes(length)))
  const plaintext = encodeNodeSecret(secret)
  try {
    const { CiphertextBlob } = await context.aws.client(KMSClient).send(
      new EncryptCommand({
        KeyId: nodeKeyAlias(deployment, index),
        Plaintext: plaintext,
        EncryptionContext: { ...secretContext(deploymentId(deployment), index) },
      }),
    )
    if (CiphertextBlob === undefined) throw new DeployerError('aws', 'KMS answered without a ciphertext', 'try again')
    const value = {
      version: 1,
      secret: Buffer.from(CiphertextBlob).toString('base64'),
      anchor: await firstAnchor(anchorKeyOf(secret)),
    }
    return { value: JSON.stringify(value), card: { index, identityKey: toHex(identityKeyOf(secret)) } }
  } finally {
    for (const bytes of [plaintext, secret.encryptorMasterPassword, secret.identitySeed]) bytes.fill(0)
  }
}

/** The rows of an anchor in which the node has not voted yet, by file name; not secret, but only this secret authenticates them. */
async function firstAnchor(key: Uint8Array): Promise<Record<string, string>> {
  const parent = await mkdtemp(join(tmpdir(), 'trivault-anchor-'))
  try {
    const dir = join(parent, 'anchor')
    await createFileAnchor({ dir, key })
    const rows: Record<string, string> = {}
    for (const name of await readdir(dir)) rows[name] = (await readFile(join(dir, name))).toString('base64')
    return rows
  } finally {
    key.fill(0)
    await rm(parent, { recursive: true, force: true })
  }
}

async function printCard(context: Context, card: NodeCard, heading: string): Promise<void> {
  const file = cardFile(card.index)
  await writeFile(context.file(file), cardText(card))
  context.out.result(
    card,
    `${heading}\n  index ${card.index}\n  identity key ${card.identityKey}\nIt is in ${file}: give that file to the other two Policy Node admins, and read the key to them by voice.`,
  )
}
