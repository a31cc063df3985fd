import type { PutResourcePolicyCommandInput } from '@aws-sdk/client-secrets-manager'
import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { storePolicy } from '../../principals.ts'
import { only } from '../../service.ts'
import { secretFor } from './access.ts'

type Named = { readonly SecretId?: string | undefined }

export function putResourcePolicy(input: PutResourcePolicyCommandInput, call: Call) {
  only(input, ['BlockPublicPolicy', 'ResourcePolicy', 'SecretId'])
  const secret = secretFor(call, input.SecretId ?? '', 'secretsmanager:PutResourcePolicy')
  const policy = storePolicy(call.world, input.ResourcePolicy ?? '', 'resource')
  const open = policy.policy.statements.some(
    ({ effect, principals, conditions }) =>
      effect === 'Allow' && conditions.length === 0 && principals?.some(({ kind }) => kind === 'anyone'),
  )
  if (input.BlockPublicPolicy && open) {
    throw new AwsError('PublicPolicyException', 'the resource policy would grant broad access to the secret')
  }
  secret.policy = policy
  return { ARN: secret.arn, Name: secret.name }
}

export function getResourcePolicy({ SecretId: id = '' }: Named, call: Call) {
  const secret = secretFor(call, id, 'secretsmanager:GetResourcePolicy')
  const policy = secret.policy && JSON.stringify(secret.policy.document)
  return { ARN: secret.arn, Name: secret.name, ResourcePolicy: policy }
}

export function deleteResourcePolicy({ SecretId: id = '' }: Named, call: Call) {
  const secret = secretFor(call, id, 'secretsmanager:DeleteResourcePolicy')
  secret.policy = undefined
  return { ARN: secret.arn, Name: secret.name }
}
