import type { KeySpec, KeyUsageType } from '@aws-sdk/client-kms'
import { authorize } from '../call.ts'
import { invalid } from '../errors.ts'
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

const symmetric = 'SYMMETRIC_DEFAULT'
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
    if (String(properties.EnableKeyRotation) === 'true' && (textOf(properties, 'KeySpec') ?? symmetric) !== symmetric)
      throw invalid('You cannot set the EnableKeyRotation property to true on asymmetric keys.')
    const tags = [...resourceTags(call, properties.Tags)].map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
    if (tags.length > 0)
      authorize(call, { action: 'kms:TagResource', resource: `arn:aws:kms:${call.region}:${call.account}:key/*` })
    const { KeyMetadata: made } = createKey(
      {
        Policy: properties.KeyPolicy === undefined ? undefined : JSON.stringify(properties.KeyPolicy),
        Description: textOf(properties, 'Description'),
        KeySpec: textOf(properties, 'KeySpec') as KeySpec | undefined,
        KeyUsage: textOf(properties, 'KeyUsage') as KeyUsageType | undefined,
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
    const fixed = ['KeySpec', 'KeyUsage', 'Origin', 'MultiRegion'].find(
      name => textOf(properties, name) !== textOf(previous, name),
    )
    if (fixed !== undefined) throw invalid(`You cannot change the ${fixed} property of a KMS key.`)
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
