import type { CreateSecretCommandInput } from '@aws-sdk/client-secrets-manager'
import type { Call } from '../../call.ts'
import type { Service } from '../../service.ts'
import { deleteResourcePolicy, getResourcePolicy, putResourcePolicy } from './policies.ts'
import {
  createSecret,
  deleteSecret,
  describeSecret,
  listSecrets,
  listSecretVersionIds,
  restoreSecret,
  tagResource,
  updateSecret,
} from './secrets.ts'
import { getSecretValue, putSecretValue, updateSecretVersionStage } from './values.ts'

export const secretsmanager: Service = {
  name: 'secretsmanager',
  protocol: 'json',
  client: () => import('@aws-sdk/client-secrets-manager'),
  operations: {
    CreateSecret: (input: CreateSecretCommandInput, call: Call) => createSecret(input, call),
    DeleteResourcePolicy: deleteResourcePolicy,
    DeleteSecret: deleteSecret,
    DescribeSecret: describeSecret,
    GetResourcePolicy: getResourcePolicy,
    GetSecretValue: getSecretValue,
    ListSecrets: listSecrets,
    ListSecretVersionIds: listSecretVersionIds,
    PutResourcePolicy: putResourcePolicy,
    PutSecretValue: putSecretValue,
    RestoreSecret: restoreSecret,
    TagResource: tagResource,
    UpdateSecret: updateSecret,
    UpdateSecretVersionStage: updateSecretVersionStage,
  },
}
