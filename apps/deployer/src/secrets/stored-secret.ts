import { equalBytes, fromHex, toHex } from '@trivault/codec'
import { DeployerError } from '../errors.ts'
import type { Deployment, NodeIndex } from '../model.ts'
import { secretId, secretNames } from '../names.ts'
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
}

const IDENTITY = 'identity-'
const ADMIN = 'admin-'

/** Staging labels of the value. */
export const labelsOf = ({ card, adminKey }: StoredSecret): string[] => [
  `${IDENTITY}${card.identityKey}`,
  `${ADMIN}${toHex(adminKey)}`,
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
  const after = (prefix: string, length: number): string => {
    const value = labels.find(label => label.startsWith(prefix))?.slice(prefix.length)
    if (value !== undefined && value.length === length && /^[0-9a-f]+$/.test(value)) return value
    throw new DeployerError(
      'failed',
      `Policy Node ${index} has a secret that this program did not make, or its label ${prefix}… was taken away`,
      'see the staging labels of the secret and, in CloudTrail, who changed them',
    )
  }
  return { card: { index, identityKey: after(IDENTITY, 64) }, adminKey: fromHex(after(ADMIN, 66)) }
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
