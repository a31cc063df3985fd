import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { toHex } from '@trivault/codec'
import { firstAnchorRow, firstSecret } from '@trivault/node-core'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { Deployment, NodeIndex } from '../model.ts'
import { deploymentId, nodeKeyAlias, secretId, secretNames } from '../names.ts'
import { openAdminKey } from './admin-key.ts'
import { anchorAccess, checkAnchorUnused, writeFirstRow } from './anchor-table.ts'
import { type AccessKey, type AnchorUser, openAnchorUser } from './anchor-user.ts'
import { cardFile, cardText, type NodeCard, readPartition, writePartition } from './partition.ts'
import { openStore, type SecretStore } from './store.ts'
import { checkAdminKey, firstRowLabel, labelsOf, readStoredSecret, type StoredSecret } from './stored-secret.ts'

/**
 * Makes the secret of a Policy Node on this host, from the operating system's random source: Encryptor Master Password and
 * identity seed, with the public key of its admin and an access key for its anchor. They leave this process only encrypted by the
 * node's key, are never shown and never replaced. Prints the node card; run again, also after it was broken off anywhere, it
 * finishes and prints the card that is there. Throws DeployerError.
 */
export async function populateNode(context: Context, index: NodeIndex): Promise<void> {
  const deployment = context.deployment()
  const store = await openStore(context)
  const before = await readStoredSecret(store, deployment, index)
  const { adminKey } = await openAdminKey(context, index)
  const user = await openAnchorUser(context, index)
  if (before !== undefined) {
    checkAdminKey(before, adminKey)
    if (!context.flags.dryRun) {
      await keepKey(user, before)
      await finishAnchor(context, { store, user, stored: before })
      await keepCard(store, deployment, before.card)
    }
    return printCard(context, before.card, 'Policy Node has its secret already; it stays as it is. Its card:')
  }
  await checkAnchorUnused(context, index)
  if (context.flags.dryRun)
    return context.out.result({ node: index, written: false }, `Policy Node ${index} would get its secret and card`)
  const { stored, key } = await makeAndStore(context, index, { store, user, adminKey })
  await finishAnchor(context, { store, user, stored, key })
  await user.keepOnly(key.accessKeyId)
  await keepCard(store, deployment, stored.card)
  await printCard(context, stored.card, 'the secret is made, encrypted and stored; nobody has seen it. Node card:')
}

/** A key that no secret names is removed at once, or by the next run. */
async function makeAndStore(
  context: Context,
  index: NodeIndex,
  { store, user, adminKey }: { store: SecretStore; user: AnchorUser; adminKey: Uint8Array },
): Promise<{ stored: StoredSecret; key: AccessKey }> {
  const key = await user.newKey()
  let unused = true
  try {
    const { value, stored } = await makeSecret(context, index, { adminKey, key })
    // From here on it may be in the secret, unless another run's is.
    unused = false
    await store.writeFirst(secretId(context.deployment(), secretNames.policyNode(index)), value, labelsOf(stored))
    return { stored, key }
  } catch (error) {
    if (unused || (error instanceof DeployerError && error.code === 'conflict')) await user.remove(key.accessKeyId)
    throw error
  }
}

/**
 * Puts the first row of the anchor into its table, once: as long as its label stands on the secret, and never after that, for a row
 * that is missing later is a lost anchor. Without the key that is in the secret it takes one for the moment.
 */
async function finishAnchor(
  context: Context,
  { store, user, stored, key }: { store: SecretStore; user: AnchorUser; stored: StoredSecret; key?: AccessKey },
): Promise<void> {
  const { card, firstRow } = stored
  if (firstRow === undefined) return
  const own = key ?? (await user.newKey(stored.accessKeyId))
  try {
    await writeFirstRow(context, card.index, own, firstRow)
  } finally {
    if (own !== key) await user.remove(own.accessKeyId)
  }
  await store.unlabel(secretId(context.deployment(), secretNames.policyNode(card.index)), firstRowLabel(firstRow))
}

/** Throws DeployerError conflict when the key in the secret is gone: AWS gives none twice, and the secret is never replaced. */
async function keepKey(user: AnchorUser, { card, accessKeyId }: StoredSecret): Promise<void> {
  if (await user.keepOnly(accessKeyId)) return
  throw new DeployerError(
    'conflict',
    `the access key ${accessKeyId}, which is in the secret of Policy Node ${card.index}, is gone: the node cannot reach its anchor`,
    'see in CloudTrail who deleted it; the node cannot have another one',
  )
}

async function keepCard(store: SecretStore, deployment: Deployment, card: NodeCard): Promise<void> {
  const partition = await readPartition(store, deployment, card.index)
  if (partition.card?.identityKey !== card.identityKey)
    await writePartition(store, deployment, card.index, { ...partition, card })
}

async function makeSecret(
  context: Context,
  index: NodeIndex,
  { adminKey, key }: { adminKey: Uint8Array; key: AccessKey },
): Promise<{ value: string; stored: StoredSecret }> {
  const deployment = context.deployment()
  const { KMSClient, EncryptCommand } = await import('@aws-sdk/client-kms')
  const { sealed, identityKey, anchorKey } = await firstSecret({
    deploymentId: deploymentId(deployment),
    ...{ index, adminKey },
    anchor: await anchorAccess(context, index, key),
    random: length => new Uint8Array(randomBytes(length)),
    encrypt: async (Plaintext, EncryptionContext) => {
      const { CiphertextBlob } = await context.aws.client(KMSClient).send(
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
  const firstRow = firstAnchorRow(anchorKey)
  anchorKey.fill(0)
  const card = { index, identityKey: toHex(identityKey) }
  return {
    value: JSON.stringify({ version: 2, secret: Buffer.from(sealed).toString('base64') }),
    stored: { card, adminKey, accessKeyId: key.accessKeyId, firstRow },
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
