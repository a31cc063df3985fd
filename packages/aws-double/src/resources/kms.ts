import { authorize } from '../call.ts'
import type { Provider, ResourceCall } from '../services/cloudformation/provider.ts'
import { resourceTags, textOf } from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import { authorizeKey, keyOf } from '../services/kms/access.ts'
import {
  createAlias,
  createKey,
  deleteAlias,
  disableKey,
  enableKeyRotation,
  putKeyPolicy,
  scheduleKeyDeletion,
} from '../services/kms/keys.ts'

const described = (id: string, arn: string) => ({ physicalId: id, attributes: { Arn: arn, KeyId: id } })

function configure(call: ResourceCall, id: string, properties: Properties): void {
  if (String(properties.EnableKeyRotation) === 'true') enableKeyRotation({ KeyId: id }, call)
  if (String(properties.Enabled) === 'false') disableKey({ KeyId: id }, call)
}

export const key: Provider = {
  properties: [
    'Description',
    'EnableKeyRotation',
    'Enabled',
    'KeyPolicy',
    'KeySpec',
    'KeyUsage',
    'MultiRegion',
    'Origin',
    'PendingWindowInDays',
    'Tags',
  ],
  create(properties, call) {
    const tags = [...resourceTags(call, properties.Tags)].map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
    if (tags.length > 0)
      authorize(call, { action: 'kms:TagResource', resource: `arn:aws:kms:${call.region}:${call.account}:key/*` })
    const { KeyMetadata: made } = createKey(
      {
        Policy: properties.KeyPolicy === undefined ? undefined : JSON.stringify(properties.KeyPolicy),
        Description: textOf(properties, 'Description'),
        KeySpec: textOf(properties, 'KeySpec') as 'SYMMETRIC_DEFAULT' | undefined,
        KeyUsage: textOf(properties, 'KeyUsage') as 'ENCRYPT_DECRYPT' | undefined,
        MultiRegion: String(properties.MultiRegion) === 'true',
        Origin: textOf(properties, 'Origin') as 'AWS_KMS' | undefined,
        Tags: tags,
      },
      call,
    )
    call.began(made.KeyId ?? '')
    configure(call, made.KeyId ?? '', properties)
    return described(made.KeyId ?? '', made.Arn ?? '')
  },
  update(id, properties, previous, call) {
    if (JSON.stringify(properties.KeyPolicy) !== JSON.stringify(previous.KeyPolicy)) {
      putKeyPolicy({ KeyId: id, Policy: JSON.stringify(properties.KeyPolicy) }, call)
    }
    const found = keyOf(call, id)
    if (properties.Description !== previous.Description) {
      authorizeKey(call, found, 'kms:UpdateKeyDescription')
      found.description = textOf(properties, 'Description') ?? ''
    }
    found.tags = resourceTags(call, properties.Tags)
    configure(call, id, properties)
    return described(id, found.arn)
  },
  remove(id, properties, call) {
    const days = properties.PendingWindowInDays
    scheduleKeyDeletion({ KeyId: id, ...(days === undefined ? {} : { PendingWindowInDays: Number(days) }) }, call)
  },
}

export const alias: Provider = {
  create(properties, call) {
    const AliasName = String(properties.AliasName)
    createAlias({ AliasName, TargetKeyId: String(properties.TargetKeyId) }, call)
    return { physicalId: AliasName, attributes: { AliasName } }
  },
  remove(AliasName, _, call) {
    deleteAlias({ AliasName }, call)
  },
}
