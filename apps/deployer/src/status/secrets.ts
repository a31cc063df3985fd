import type { Context } from '../context.ts'
import type { Finding } from '../findings.ts'
import { type Deployment, NODE_INDEXES } from '../model.ts'
import { secretId, secretNames } from '../names.ts'
import {
  brokerServiceSecrets,
  databaseSetupSecrets,
  policyNodeServiceSecrets,
  type ServiceSecret,
  walletServiceSecrets,
} from '../secrets/wiring.ts'
import { fail, ok } from './findings.ts'

export interface ExpectedSecret {
  /** Last part of its name. */
  readonly name: string
  /** The target that gives it its value. */
  readonly target: string
}

/** Secrets without which something of this account's would not start. */
export function expectedSecrets({ accounts }: Pick<Deployment, 'accounts'>, account: string): ExpectedSecret[] {
  const ofWallet: ServiceSecret[] = [
    ...walletServiceSecrets,
    ...brokerServiceSecrets,
    ...databaseSetupSecrets,
    ...NODE_INDEXES.flatMap(policyNodeServiceSecrets).filter(secret => secret.account === 'wallet'),
  ]
  const names = [...new Set(ofWallet.map(({ secret }) => secret))].sort()
  const target = (name: string) => (name === secretNames.walletPins ? 'pin-peers-wallet' : 'populate-secrets-wallet')
  return [
    ...(account === accounts.wallet ? names.map(name => ({ name, target: target(name) })) : []),
    ...NODE_INDEXES.filter(node => accounts.policyNodes[node] === account).flatMap(node => [
      { name: secretNames.policyNode(node), target: `populate-secrets-policy-node${node}` },
      { name: secretNames.policyNodePins(node), target: `pin-peers-policy-node${node}` },
    ]),
  ]
}

/** Whether a secret has a value; never what it is. Undefined when there is no such secret. */
async function hasValue(context: Context, id: string): Promise<boolean | undefined> {
  const { SecretsManagerClient, DescribeSecretCommand } = await import('@aws-sdk/client-secrets-manager')
  try {
    const { VersionIdsToStages = {}, DeletedDate } = await context.aws
      .client(SecretsManagerClient)
      .send(new DescribeSecretCommand({ SecretId: id }))
    return DeletedDate === undefined && Object.values(VersionIdsToStages).some(stages => stages.includes('AWSCURRENT'))
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined
    throw error
  }
}

/** One line when all is there, else one for each target that is due. */
export function secretFindings(
  found: readonly (ExpectedSecret & { readonly value: boolean | undefined })[],
): Finding[] {
  const lacking = found.filter(({ value }) => value !== true)
  if (lacking.length === 0) return found.length === 0 ? [] : [ok('secrets', `all ${found.length} have a value`)]
  const targets = [...new Set(lacking.map(({ target }) => target))]
  return targets.map(target => {
    const names = lacking
      .filter(secret => secret.target === target)
      .map(({ name, value }) => (value === false ? `${name} (empty)` : name))
    return fail('secrets', `without a value: ${names.join(', ')}`, `make ${target}`)
  })
}

export async function checkSecrets(context: Context, account: string): Promise<Finding[]> {
  const deployment = context.deployment()
  const expected = expectedSecrets(deployment, account)
  const found = await Promise.all(
    expected.map(async secret => ({ ...secret, value: await hasValue(context, secretId(deployment, secret.name)) })),
  )
  return secretFindings(found)
}
