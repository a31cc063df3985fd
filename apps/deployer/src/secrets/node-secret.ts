import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@trivault/codec'
import { createFileAnchor, firstSecret } from '@trivault/node-core'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { Deployment, NodeIndex } from '../model.ts'
import { deploymentId, nodeKeyAlias, secretId, secretNames } from '../names.ts'
import { openAdminKey } from './admin-key.ts'
import { cardFile, cardText, type NodeCard, readPartition, writePartition } from './partition.ts'
import { openStore, type SecretStore } from './store.ts'
import { checkAdminKey, labelsOf, readStoredSecret, type StoredSecret } from './stored-secret.ts'

/**
 * Makes the secret of a Policy Node on this host, from the operating system's random source: Encryptor Master Password and
 * identity seed, with the public key of its admin. They leave this process only encrypted by the node's key, are never shown and
 * never replaced. Prints the node card; run again it prints the card that is there. Throws DeployerError.
 */
export async function populateNode(context: Context, index: NodeIndex): Promise<void> {
  const deployment = context.deployment()
  const store = await openStore(context)
  const before = await readStoredSecret(store, deployment, index)
  const { adminKey } = await openAdminKey(context, index)
  if (before !== undefined) {
    checkAdminKey(before, adminKey)
    if (!context.flags.dryRun) await keepCard(store, deployment, before.card)
    return printCard(context, before.card, 'Policy Node has its secret already; it stays as it is. Its card:')
  }
  if (context.flags.dryRun)
    return context.out.result({ node: index, written: false }, `Policy Node ${index} would get its secret and card`)
  const { value, stored } = await makeSecret(context, index, adminKey)
  // Of two runs at once only one gets further than this.
  await store.writeFirst(secretId(deployment, secretNames.policyNode(index)), value, labelsOf(stored))
  await keepCard(store, deployment, stored.card)
  await printCard(context, stored.card, 'the secret is made, encrypted and stored; nobody has seen it. Node card:')
}

async function keepCard(store: SecretStore, deployment: Deployment, card: NodeCard): Promise<void> {
  const partition = await readPartition(store, deployment, card.index)
  if (partition.card?.identityKey !== card.identityKey)
    await writePartition(store, deployment, card.index, { ...partition, card })
}

async function makeSecret(
  context: Context,
  index: NodeIndex,
  adminKey: Uint8Array,
): Promise<{ value: string; stored: StoredSecret }> {
  const deployment = context.deployment()
  const { KMSClient, EncryptCommand } = await import('@aws-sdk/client-kms')
  const { sealed, identityKey, anchorKey } = await firstSecret({
    deploymentId: deploymentId(deployment),
    ...{ index, adminKey },
    random: length => new Uint8Array(randomBytes(length)),
    encrypt: async (Plaintext, EncryptionContext) => {
      const { CiphertextBlob } = await context.aws
        .client(KMSClient)
        .send(
          new EncryptCommand({
            KeyId: nodeKeyAlias(deployment, index),
            Plaintext,
            EncryptionContext: { ...EncryptionContext },
          }),
        )
      if (CiphertextBlob === undefined) throw new DeployerError('aws', 'KMS answered without a ciphertext', 'try again')
      return CiphertextBlob
    },
  })
  const value = { version: 1, secret: Buffer.from(sealed).toString('base64'), anchor: await firstAnchor(anchorKey) }
  return { value: JSON.stringify(value), stored: { card: { index, identityKey: toHex(identityKey) }, adminKey } }
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
