import { CfnAlias, CfnKey } from 'aws-cdk-lib/aws-kms'
import type { Stack } from 'aws-cdk-lib/core'
import type { Deployment, NodeIndex } from '../model.ts'
import { adminKeyAlias, deploymentId } from '../names.ts'
import { accountPrincipal, document, keyManagement } from './statements.ts'

/**
 * With which the node's admin signs what the core shall believe: pins and requests. Its public key is in the node's secret. Only
 * digests, by one algorithm, and only from the node's own account: no host and no other account can use it.
 */
export function adminKey(stack: Stack, deployment: Deployment, node: NodeIndex): void {
  const own = accountPrincipal(deployment.accounts.policyNodes[node])
  const key = new CfnKey(stack, 'AdminKey', {
    description: `Signs as admin of Policy Node ${node} of ${deploymentId(deployment)}`,
    keySpec: 'ECC_NIST_P256',
    keyUsage: 'SIGN_VERIFY',
    pendingWindowInDays: 30,
    keyPolicy: document([
      { Sid: 'Manage', Effect: 'Allow', Principal: own, Action: keyManagement, Resource: '*' },
      { Sid: 'TellPublicKey', Effect: 'Allow', Principal: own, Action: ['kms:GetPublicKey'], Resource: '*' },
      {
        Sid: 'SignDigests',
        Effect: 'Allow',
        Principal: own,
        Action: ['kms:Sign'],
        Resource: '*',
        Condition: { StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } },
      },
    ]),
  })
  new CfnAlias(stack, 'AdminKeyAlias', { aliasName: adminKeyAlias(deployment, node), targetKeyId: key.ref })
}
