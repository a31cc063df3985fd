import type {
  CreateSecretCommandInput,
  DeleteSecretCommandInput,
  DescribeSecretCommandOutput,
  ListSecretsCommandOutput,
  ListSecretVersionIdsCommandOutput,
  TagResourceCommandInput,
  UpdateSecretCommandInput,
} from '@aws-sdk/client-secrets-manager'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { type Output, only, tagList, tagsOf } from '../../service.ts'
import { findSecret, secretArn, secretFor } from './access.ts'
import type { Secret } from './store.ts'
import { addVersion, valueIn } from './values.ts'

type Named = { readonly SecretId?: string | undefined }

const dayMs = 86_400_000
const defaultWindowDays = 30
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef'

export function createSecret(input: CreateSecretCommandInput, call: Call, owner?: string) {
  only(input, ['ClientRequestToken', 'Description', 'KmsKeyId', 'Name', 'SecretBinary', 'SecretString', 'Tags'])
  const { Name: name = '' } = input
  const { world, account, region } = call
  const tags = tagsOf(input.Tags)
  const random = [...world.random(6)].map(byte => letters[byte & 31]).join('')
  const arn = `${secretArn(call, name)}-${random}`
  authorize(call, {
    action: 'secretsmanager:CreateSecret',
    resource: `${secretArn(call, name)}-??????`,
    requestTags: tags,
    context: { 'secretsmanager:Name': name },
  })
  if (owner === undefined && !/^[\w/+=.@-]{1,512}$/.test(name))
    throw new AwsError('ValidationException', `Invalid name ${name}`)
  if (tags.size > 0)
    authorize(call, {
      action: 'secretsmanager:TagResource',
      resource: `${secretArn(call, name)}-??????`,
      requestTags: tags,
    })
  const known = findSecret(call, secretArn(call, name))
  if (known?.deletion) {
    throw new AwsError('InvalidRequestException', `a secret with the name ${name} is already scheduled for deletion`)
  }
  if (known) throw new AwsError('ResourceExistsException', `the secret ${name} already exists`)
  const now = new Date(world.clock())
  const secret: Secret = {
    name,
    arn,
    account,
    region,
    created: now,
    description: input.Description,
    kmsKey: input.KmsKeyId,
    policy: undefined,
    tags,
    versions: [],
    changed: now,
    deletion: undefined,
    owner,
  }
  const value = valueIn(input)
  const version = value && addVersion(call, secret, value, input.ClientRequestToken)
  world.secrets.secrets.set(arn, secret)
  return { ARN: arn, Name: name, ...(version ? { VersionId: version.id } : {}) }
}

const stagesByVersion = ({ versions }: Secret): Record<string, string[]> =>
  Object.fromEntries(versions.filter(({ stages }) => stages.size > 0).map(({ id, stages }) => [id, [...stages]]))

const described = (secret: Secret) => ({
  ARN: secret.arn,
  Name: secret.name,
  Description: secret.description,
  KmsKeyId: secret.kmsKey,
  CreatedDate: secret.created,
  LastChangedDate: secret.changed,
  DeletedDate: secret.deletion,
  OwningService: secret.owner,
  Tags: tagList(secret.tags),
})

export function describeSecret({ SecretId: id = '' }: Named, call: Call): Output<DescribeSecretCommandOutput> {
  const secret = secretFor(call, id, 'secretsmanager:DescribeSecret', { deleted: true })
  return { ...described(secret), VersionIdsToStages: stagesByVersion(secret) }
}

export function listSecrets(_: unknown, call: Call): Output<ListSecretsCommandOutput> {
  authorize(call, { action: 'secretsmanager:ListSecrets', resource: '*' })
  const { account, region, world } = call
  const own = [...world.secrets.secrets.values()].filter(
    secret => secret.account === account && secret.region === region && !secret.deletion,
  )
  return { SecretList: own.map(secret => ({ ...described(secret), SecretVersionsToStages: stagesByVersion(secret) })) }
}

export function listSecretVersionIds(
  { SecretId: id = '' }: Named,
  call: Call,
): Output<ListSecretVersionIdsCommandOutput> {
  const secret = secretFor(call, id, 'secretsmanager:ListSecretVersionIds')
  const versions = secret.versions.filter(({ stages }) => stages.size > 0)
  return {
    ARN: secret.arn,
    Name: secret.name,
    Versions: versions.map(({ id: VersionId, stages, created }) => ({
      VersionId,
      VersionStages: [...stages],
      CreatedDate: created,
    })),
  }
}

export function updateSecret(input: UpdateSecretCommandInput, call: Call) {
  only(input, ['ClientRequestToken', 'Description', 'KmsKeyId', 'SecretBinary', 'SecretId', 'SecretString'])
  const secret = secretFor(call, input.SecretId ?? '', 'secretsmanager:UpdateSecret')
  if (input.Description !== undefined) secret.description = input.Description
  if (input.KmsKeyId !== undefined) secret.kmsKey = input.KmsKeyId
  const value = valueIn(input)
  const version = value && addVersion(call, secret, value, input.ClientRequestToken)
  return { ARN: secret.arn, Name: secret.name, ...(version ? { VersionId: version.id } : {}) }
}

export function deleteSecret(input: DeleteSecretCommandInput, call: Call) {
  only(input, ['ForceDeleteWithoutRecovery', 'RecoveryWindowInDays', 'SecretId'])
  const secret = secretFor(call, input.SecretId ?? '', 'secretsmanager:DeleteSecret')
  const now = call.world.clock()
  if (input.ForceDeleteWithoutRecovery) call.world.secrets.secrets.delete(secret.arn)
  else secret.deletion = new Date(now + (input.RecoveryWindowInDays ?? defaultWindowDays) * dayMs)
  return { ARN: secret.arn, Name: secret.name, DeletionDate: secret.deletion ?? new Date(now) }
}

export function restoreSecret({ SecretId: id = '' }: Named, call: Call) {
  const secret = secretFor(call, id, 'secretsmanager:RestoreSecret', { deleted: true })
  secret.deletion = undefined
  return { ARN: secret.arn, Name: secret.name }
}

export function tagResource({ SecretId: id = '', Tags: tags }: TagResourceCommandInput, call: Call) {
  const added = tagsOf(tags)
  const secret = secretFor(call, id, 'secretsmanager:TagResource', { requestTags: added })
  secret.tags = new Map([...secret.tags, ...added])
  return {}
}
