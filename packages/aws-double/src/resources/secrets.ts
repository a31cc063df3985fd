import { tagList } from '../service.ts'
import {
  generatedName,
  type Provider,
  type ResourceCall,
  resourceTags,
  textOf,
} from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import { secretFor } from '../services/secretsmanager/access.ts'
import { deleteResourcePolicy, putResourcePolicy } from '../services/secretsmanager/policies.ts'
import { createSecret, deleteSecret, updateSecret } from '../services/secretsmanager/secrets.ts'

/** Made without a value: whoever fills it does so by PutSecretValue. */
export const secret: Provider = {
  properties: ['Description', 'KmsKeyId', 'Name', 'Tags'],
  create(properties, call) {
    const { ARN } = createSecret(
      {
        Name: textOf(properties, 'Name') ?? generatedName(call),
        Description: textOf(properties, 'Description'),
        KmsKeyId: textOf(properties, 'KmsKeyId'),
        Tags: tagList(resourceTags(call, properties.Tags)),
      },
      call,
    )
    return { physicalId: ARN, attributes: { Id: ARN } }
  },
  update(arn, properties, _, call) {
    const Description = textOf(properties, 'Description')
    updateSecret({ SecretId: arn, Description, KmsKeyId: textOf(properties, 'KmsKeyId') }, call)
    secretFor(call, arn, 'secretsmanager:TagResource').tags = resourceTags(call, properties.Tags)
    return { physicalId: arn, attributes: { Id: arn } }
  },
  remove(SecretId, _, call) {
    deleteSecret({ SecretId }, call)
  },
}

function putPolicy(properties: Properties, call: ResourceCall) {
  const SecretId = String(properties.SecretId)
  const BlockPublicPolicy = String(properties.BlockPublicPolicy) === 'true'
  const { ARN } = putResourcePolicy(
    { SecretId, BlockPublicPolicy, ResourcePolicy: JSON.stringify(properties.ResourcePolicy) },
    call,
  )
  return { physicalId: ARN, attributes: { Id: ARN } }
}

export const resourcePolicy: Provider = {
  create: putPolicy,
  update: (_, properties, __, call) => putPolicy(properties, call),
  remove(SecretId, _, call) {
    deleteResourcePolicy({ SecretId }, call)
  },
}
