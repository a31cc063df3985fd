import { CfnAlias, CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnResourcePolicy, CfnSecret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Stack } from 'aws-cdk-lib/core'
import { DeployerError } from '../errors.ts'
import type { Deployment, NodeIndex, PcrSet } from '../model.ts'
import { deploymentId, nodeKeyAlias, secretId, secretKeyAlias, secretNames, stackNames } from '../names.ts'
import { adminKey } from './admin-key.ts'
import { anchor } from './anchor.ts'
import type { StackBuilder } from './inputs.ts'
import { accountPrincipal, document, hostRole, keyManagement, type Statement } from './statements.ts'
import { retainState, vaultStack } from './vault-stack.ts'

/**
 * The partition of one Policy Node, in its admin's account: the key that answers only the measured enclave, the secret that it
 * encrypts, the pins, the key that signs them, and the anchor. Made of single resources only: higher constructs such as
 * `new Secret({ encryptionKey })` add statements to a key's policy, among them Decrypt for the whole account.
 * Throws DeployerError bad-config for measurements that are none.
 */
export const buildPolicyNode: StackBuilder<'policy-node-long-lived'> = (app, deployment, { node, pcrs }) => {
  checkMeasurements(pcrs)
  const account = deployment.accounts.policyNodes[node]
  const stack = vaultStack(app, deployment, {
    name: stackNames.policyNodeLongLived(deployment, node),
    account,
    region: deployment.region,
    description: `Trivault: key, secret and anchor of Policy Node ${node}`,
    longLived: true,
  })
  nodeKey(stack, deployment, node, pcrs)
  adminKey(stack, deployment, node)
  const secretKey = keyOfSecrets(stack, deployment, node)
  const key = secretKey.attrArn
  nodeSecret(stack, deployment, node, { id: 'Secret', name: secretNames.policyNode(node), key, hostOnly: true })
  nodeSecret(stack, deployment, node, { id: 'Pins', name: secretNames.policyNodePins(node), key, hostOnly: false })
  anchor(stack, deployment, node)
  retainState(stack)
  return stack
}

function nodeKey(stack: Stack, deployment: Deployment, node: NodeIndex, pcrs: readonly PcrSet[]): void {
  const own = accountPrincipal(deployment.accounts.policyNodes[node])
  const { principal, condition } = hostRole(deployment, node)
  const context = {
    'kms:EncryptionContext:deploymentId': deploymentId(deployment),
    'kms:EncryptionContext:node': String(node),
  }
  const statements: Statement[] = [
    { Sid: 'ManageButNotUse', Effect: 'Allow', Principal: own, Action: keyManagement, Resource: '*' },
    {
      Sid: 'SealNewSecret',
      Effect: 'Allow',
      Principal: own,
      Action: ['kms:Encrypt'],
      Resource: '*',
      Condition: { StringEquals: context },
    },
    ...pcrs.map(
      (set, index): Statement => ({
        Sid: `DecryptInMeasuredEnclave${index}`,
        Effect: 'Allow',
        Principal: principal,
        Action: ['kms:Decrypt'],
        Resource: '*',
        Condition: { ...condition, StringEquals: context, StringEqualsIgnoreCase: measurementsOf(set) },
      }),
    ),
  ]
  const key = new CfnKey(stack, 'NodeKey', {
    description: `Policy Node ${node} of ${deploymentId(deployment)}: answers only its measured enclave`,
    enableKeyRotation: true,
    pendingWindowInDays: 30,
    keyPolicy: document(statements),
  })
  new CfnAlias(stack, 'NodeKeyAlias', { aliasName: nodeKeyAlias(deployment, node), targetKeyId: key.ref })
}

/** Condition of a key policy: every register of the set. */
const measurementsOf = (set: PcrSet): Record<string, string> =>
  Object.fromEntries(Object.entries(set).map(([register, value]) => [`kms:RecipientAttestation:${register}`, value]))

function checkMeasurements(pcrs: readonly PcrSet[]): void {
  const remedy = 'run `make fetch-enclave-artifacts` and take the measurements from its pcr.json'
  if (pcrs.length === 0 || pcrs.length > 2)
    throw new DeployerError(
      'bad-config',
      `a node key is made for one enclave image, or two during an upgrade, not ${pcrs.length}`,
      remedy,
    )
  for (const [register, value] of pcrs.flatMap(set => Object.entries(set))) {
    if (!/^[0-9a-f]{96}$/.test(value))
      throw new DeployerError('bad-config', `${register} is not 96 lower-case hex digits`, remedy)
    // An enclave in debug mode attests zeros, and its memory can be read.
    if (/^0+$/.test(value))
      throw new DeployerError('bad-config', `${register} is all zeros, as of every enclave in debug mode`, remedy)
  }
}

/** Second key: it wraps what Secrets Manager stores, which is ciphertext of the node key already. */
function keyOfSecrets(stack: Stack, deployment: Deployment, node: NodeIndex): CfnKey {
  const own = accountPrincipal(deployment.accounts.policyNodes[node])
  const { principal, condition } = hostRole(deployment, node)
  const viaSecretsManager = { 'kms:ViaService': `secretsmanager.${deployment.region}.amazonaws.com` }
  const key = new CfnKey(stack, 'SecretKey', {
    description: `Secrets of Policy Node ${node} of ${deploymentId(deployment)} in Secrets Manager`,
    enableKeyRotation: true,
    pendingWindowInDays: 30,
    keyPolicy: document([
      { Sid: 'Manage', Effect: 'Allow', Principal: own, Action: keyManagement, Resource: '*' },
      {
        Sid: 'StoreSecrets',
        Effect: 'Allow',
        Principal: own,
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: '*',
        Condition: { StringEquals: viaSecretsManager },
      },
      {
        Sid: 'HostReadsSecrets',
        Effect: 'Allow',
        Principal: principal,
        Action: ['kms:Decrypt'],
        Resource: '*',
        Condition: { ...condition, StringEquals: viaSecretsManager },
      },
    ]),
  })
  new CfnAlias(stack, 'SecretKeyAlias', { aliasName: secretKeyAlias(deployment, node), targetKeyId: key.ref })
  return key
}

interface NodeSecret {
  readonly id: string
  readonly name: string
  readonly key: string
  /** Nobody else reads it, not even its admin, who only puts it. */
  readonly hostOnly: boolean
}

/** Made without a value; the node's admin puts it. */
function nodeSecret(
  stack: Stack,
  deployment: Deployment,
  node: NodeIndex,
  { id, name, key, hostOnly }: NodeSecret,
): void {
  const { principal, condition } = hostRole(deployment, node)
  const secret = new CfnSecret(stack, id, {
    name: secretId(deployment, name),
    description: `Policy Node ${node} of ${deploymentId(deployment)}`,
    kmsKeyId: key,
  })
  new CfnResourcePolicy(stack, `${id}Policy`, {
    secretId: secret.ref,
    blockPublicPolicy: true,
    resourcePolicy: document([
      {
        Sid: 'HostReads',
        Effect: 'Allow',
        Principal: principal,
        Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
        Resource: '*',
        Condition: condition,
      },
      ...(hostOnly
        ? [
            {
              Sid: 'NobodyElseReads',
              Effect: 'Deny',
              Principal: '*',
              Action: ['secretsmanager:GetSecretValue'],
              Resource: '*',
              Condition: { ArnNotEquals: condition.ArnEquals },
            } satisfies Statement,
          ]
        : []),
    ]),
  })
}
