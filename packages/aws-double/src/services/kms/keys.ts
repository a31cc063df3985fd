import type {
  CreateAliasCommandInput,
  CreateKeyCommandInput,
  DescribeKeyCommandInput,
  GetKeyPolicyCommandInput,
  KeyMetadata,
  PutKeyPolicyCommandInput,
  ScheduleKeyDeletionCommandInput,
} from '@aws-sdk/client-kms'
import { arnOf, authorize, type Call, isAllowed } from '../../call.ts'
import { AwsError, notInDouble } from '../../errors.ts'
import { decide } from '../../iam/evaluate.ts'
import { storePolicy } from '../../principals.ts'
import { only, tagsOf } from '../../service.ts'
import type { StoredPolicy } from '../iam/store.ts'
import { authorizeKey, keyOf } from './access.ts'
import { algorithmsOf, makeMaterial } from './material.ts'
import type { KmsKey } from './store.ts'

const defaultPolicy = (account: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }],
})

/** AWS refuses a policy that locks its author out of changing it again. */
function checkLockout(call: Call, arn: string, { policy }: StoredPolicy): void {
  const { caller } = call
  const decision = decide(
    { requester: caller.requester, action: 'kms:PutKeyPolicy', resource: arn, context: lockoutContext(call) },
    {
      identity: caller.identity(),
      boundary: caller.boundary(),
      resource: policy,
      resourceAccount: call.account,
      rule: 'resource-primary',
    },
  )
  if (!decision.allowed) {
    throw new AwsError(
      'MalformedPolicyDocumentException',
      `the new key policy will not allow ${arnOf(caller)} to update the key policy in the future`,
    )
  }
}

const lockoutContext = ({ caller, account }: Call) => {
  const { requester } = caller
  const arn = requester.kind === 'session' ? requester.roleArn : arnOf(caller)
  return new Map([
    ['aws:principalarn', [arn]],
    ['aws:principalaccount', [account]],
    ['kms:calleraccount', [account]],
  ])
}

export function createKey(input: CreateKeyCommandInput, call: Call) {
  only(input, ['Description', 'KeySpec', 'KeyUsage', 'MultiRegion', 'Origin', 'Policy', 'Tags'])
  if (input.MultiRegion) throw notInDouble('a key of several regions')
  if ((input.Origin ?? 'AWS_KMS') !== 'AWS_KMS')
    throw new AwsError('NotInAwsDouble', `key material of origin ${input.Origin} is not part of the double`, 501)
  const { world, account, region } = call
  const tags = tagsOf(input.Tags?.map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue })))
  authorize(call, { action: 'kms:CreateKey', resource: '*', requestTags: tags })
  const id = crypto.randomUUID()
  const arn = `arn:aws:kms:${region}:${account}:key/${id}`
  const policy = storePolicy(world, input.Policy ?? defaultPolicy(account), 'resource')
  checkLockout(call, arn, policy)
  const key: KmsKey = {
    id,
    arn,
    account,
    region,
    material: makeMaterial(world.random, input.KeySpec, input.KeyUsage),
    created: new Date(world.clock()),
    description: input.Description ?? '',
    policy,
    enabled: true,
    rotation: false,
    deletion: undefined,
    tags,
  }
  world.kms.keys.set(arn, key)
  return { KeyMetadata: metadata(key) }
}

const metadata = (key: KmsKey): KeyMetadata => ({
  AWSAccountId: key.account,
  KeyId: key.id,
  Arn: key.arn,
  CreationDate: key.created,
  Enabled: key.enabled && !key.deletion,
  Description: key.description,
  KeyUsage: key.material.usage,
  KeyState: key.deletion ? 'PendingDeletion' : key.enabled ? 'Enabled' : 'Disabled',
  DeletionDate: key.deletion,
  Origin: 'AWS_KMS',
  KeyManager: 'CUSTOMER',
  KeySpec: key.material.spec,
  CustomerMasterKeySpec: key.material.spec,
  ...algorithmsOf(key.material),
  MultiRegion: false,
})

/** Who manages a key names it by its id or ARN: AWS takes an alias only where the key is used or described. */
function keyById(call: Call, reference = ''): KmsKey {
  if (reference.includes('alias/')) throw new AwsError('NotFoundException', `Invalid keyId '${reference}'`)
  return keyOf(call, reference)
}

export function describeKey(input: DescribeKeyCommandInput, call: Call) {
  only(input, ['KeyId'])
  const key = keyOf(call, input.KeyId ?? '')
  authorizeKey(call, key, 'kms:DescribeKey')
  return { KeyMetadata: metadata(key) }
}

export function getKeyPolicy(input: GetKeyPolicyCommandInput, call: Call) {
  only(input, ['KeyId', 'PolicyName'])
  const key = keyById(call, input.KeyId)
  authorizeKey(call, key, 'kms:GetKeyPolicy')
  return { Policy: JSON.stringify(key.policy.document), PolicyName: 'default' }
}

export function putKeyPolicy(input: PutKeyPolicyCommandInput, call: Call) {
  only(input, ['KeyId', 'Policy', 'PolicyName'])
  const key = keyById(call, input.KeyId)
  authorizeKey(call, key, 'kms:PutKeyPolicy')
  const policy = storePolicy(call.world, input.Policy ?? '', 'resource')
  checkLockout(call, key.arn, policy)
  key.policy = policy
  return {}
}

export function createAlias(input: CreateAliasCommandInput, call: Call) {
  only(input, ['AliasName', 'TargetKeyId'])
  const { AliasName: name = '', TargetKeyId: target = '' } = input
  const { world, account, region } = call
  if (!/^alias\/(?!aws\/)[\w/-]+$/.test(name)) throw new AwsError('InvalidAliasNameException', `${name} is no alias`)
  const arn = `arn:aws:kms:${region}:${account}:${name}`
  const key = keyById(call, target)
  authorize(call, { action: 'kms:CreateAlias', resource: arn })
  authorizeKey(call, key, 'kms:CreateAlias')
  if (key.account !== account) throw new AwsError('NotFoundException', 'an alias stands for a key of its own account')
  if (world.kms.aliases.has(arn))
    throw new AwsError('AlreadyExistsException', `an alias with the name ${arn} already exists`)
  world.kms.aliases.set(arn, key.arn)
  return {}
}

export function deleteAlias({ AliasName: name = '' }: { readonly AliasName?: string }, call: Call) {
  const { world, account, region } = call
  const arn = `arn:aws:kms:${region}:${account}:${name}`
  authorize(call, { action: 'kms:DeleteAlias', resource: arn })
  const key = world.kms.keys.get(world.kms.aliases.get(arn) ?? '')
  if (!key) throw new AwsError('NotFoundException', `${arn} does not exist`)
  authorizeKey(call, key, 'kms:DeleteAlias')
  world.kms.aliases.delete(arn)
  return {}
}

export function listAliases(_: unknown, call: Call) {
  const { world, account, region } = call
  authorize(call, { action: 'kms:ListAliases', resource: '*' })
  const own = [...world.kms.aliases].filter(([alias]) => alias.startsWith(`arn:aws:kms:${region}:${account}:`))
  return {
    Aliases: own.map(([alias, key]) => ({
      AliasArn: alias,
      AliasName: alias.split(':').at(-1),
      TargetKeyId: key.split('/').at(-1),
    })),
    Truncated: false,
  }
}

const defaultWindowDays = 30
const dayMs = 86_400_000

export function scheduleKeyDeletion(input: ScheduleKeyDeletionCommandInput, call: Call) {
  only(input, ['KeyId', 'PendingWindowInDays'])
  const key = keyById(call, input.KeyId)
  authorizeKey(call, key, 'kms:ScheduleKeyDeletion')
  key.deletion = new Date(call.world.clock() + (input.PendingWindowInDays ?? defaultWindowDays) * dayMs)
  return { KeyId: key.arn, DeletionDate: key.deletion, KeyState: 'PendingDeletion' as const }
}

export function enableKeyRotation({ KeyId: reference = '' }: { readonly KeyId?: string }, call: Call) {
  const key = keyById(call, reference)
  authorizeKey(call, key, 'kms:EnableKeyRotation')
  if (key.material.spec !== 'SYMMETRIC_DEFAULT')
    throw new AwsError('UnsupportedOperationException', `${key.arn} is asymmetric: KMS does not rotate it`)
  key.rotation = true
  return {}
}

export function disableKey({ KeyId: reference = '' }: { readonly KeyId?: string }, call: Call) {
  const key = keyById(call, reference)
  authorizeKey(call, key, 'kms:DisableKey')
  key.enabled = false
  return {}
}

export function listGrants({ KeyId: reference = '' }: { readonly KeyId?: string }, call: Call) {
  authorizeKey(call, keyById(call, reference), 'kms:ListGrants')
  return { Grants: [], Truncated: false }
}

/** Grants go round the key policy; the double has none, and says so to whoever may make them. */
export function createGrant({ KeyId: reference = '' }: { readonly KeyId?: string }, call: Call): never {
  const key = keyById(call, reference)
  const allowed = isAllowed(call, {
    action: 'kms:CreateGrant',
    resource: key.arn,
    resourceAccount: key.account,
    policy: key.policy.policy,
    rule: 'resource-primary',
  })
  throw allowed
    ? new AwsError(
        'NotInAwsDouble',
        'KMS grants are not part of the double: a grant would go round the key policy',
        501,
      )
    : new AwsError('AccessDenied', `${arnOf(call.caller)} may not make a grant on ${key.arn}`, 403)
}
