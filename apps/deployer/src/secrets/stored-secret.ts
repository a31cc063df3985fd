import { equalBytes, fromHex, toHex } from '@trivault/codec'
import type { AdminSigner } from '@trivault/protocol'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { Deployment, NodeIndex } from '../model.ts'
import { secretId, secretNames } from '../names.ts'
import { openAdminKey } from './admin-key.ts'
import type { NodeCard } from './partition.ts'
import type { SecretStore } from './store.ts'

/**
 * What is in a node's secret and may be known. Nobody but the enclave reads the secret, so these stand on it as labels that came
 * with the value: they belong together whatever breaks off, or runs at the same time.
 */
export interface StoredSecret {
  readonly card: NodeCard
  /** From which key the node takes orders: 33 bytes. */
  readonly adminKey: Uint8Array
  /** Of the user who writes the node's anchor; its secret half is in the secret. */
  readonly accessKeyId: string
  /** The first row of the anchor, as long as it is not in the table for sure. */
  readonly firstRow?: Uint8Array
}

const IDENTITY = 'identity-'
const ADMIN = 'admin-'
const ACCESS_KEY = 'access-key-'
const FIRST_ROW = 'first-row-'

/** The label that says that the anchor's first row is still to be written, and which one. */
export const firstRowLabel = (row: Uint8Array): string => `${FIRST_ROW}${toHex(row)}`

/** Staging labels of the value. */
export const labelsOf = ({ card, adminKey, accessKeyId, firstRow }: StoredSecret): string[] => [
  `${IDENTITY}${card.identityKey}`,
  `${ADMIN}${toHex(adminKey)}`,
  `${ACCESS_KEY}${accessKeyId}`,
  ...(firstRow === undefined ? [] : [firstRowLabel(firstRow)]),
]

/** Undefined where the secret has no value yet. Throws DeployerError missing-file, failed. */
export async function readStoredSecret(
  store: SecretStore,
  deployment: Deployment,
  index: NodeIndex,
): Promise<StoredSecret | undefined> {
  const id = secretId(deployment, secretNames.policyNode(index))
  const { exists, labels } = await store.describe(id)
  if (!exists)
    throw new DeployerError(
      'missing-file',
      `there is no secret ${id} in this account`,
      `run \`make deploy-policy-node${index}-long-lived\` first`,
    )
  if (labels === undefined) return undefined
  const labelled = (prefix: string) => labels.find(label => label.startsWith(prefix))?.slice(prefix.length)
  const after = (prefix: string, form: RegExp): string => {
    const value = labelled(prefix)
    if (value !== undefined && form.test(value)) return value
    throw new DeployerError(
      'failed',
      `Policy Node ${index} has a secret that this program did not make, or its label ${prefix}… was taken away`,
      'see the staging labels of the secret and, in CloudTrail, who changed them',
    )
  }
  return {
    card: { index, identityKey: after(IDENTITY, /^[0-9a-f]{64}$/) },
    adminKey: fromHex(after(ADMIN, /^[0-9a-f]{66}$/)),
    accessKeyId: after(ACCESS_KEY, /^[A-Z0-9]{16,128}$/),
    ...(labelled(FIRST_ROW) !== undefined && { firstRow: fromHex(after(FIRST_ROW, /^([0-9a-f]{2})+$/)) }),
  }
}

/** The node takes orders from the key in its secret and no other. Throws DeployerError conflict. */
export function checkAdminKey({ card, adminKey }: StoredSecret, signer: Uint8Array): void {
  if (equalBytes(adminKey, signer)) return
  throw new DeployerError(
    'conflict',
    `the admin key of Policy Node ${card.index} is not the one that its secret names: the node would refuse its signatures`,
    'see in CloudTrail who moved the alias of the admin key, and point it back to the first key',
  )
}

/** Who signs for a node that has its secret. Throws DeployerError. */
export async function openSigner(
  context: Context,
  store: SecretStore,
  index: NodeIndex,
): Promise<{ card: NodeCard; signer: AdminSigner }> {
  const stored = await readStoredSecret(store, context.deployment(), index)
  if (stored === undefined)
    throw new DeployerError(
      'missing-file',
      `Policy Node ${index} has no secret yet`,
      `run \`make populate-secrets-policy-node${index}\` first`,
    )
  const signer = await openAdminKey(context, index)
  checkAdminKey(stored, signer.adminKey)
  return { card: stored.card, signer }
}
