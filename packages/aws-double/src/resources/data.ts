import { authorize, through } from '../call.ts'
import { AwsError } from '../errors.ts'
import { storePolicy } from '../principals.ts'
import { tagList } from '../service.ts'
import {
  generatedName,
  type Made,
  type Provider,
  type ResourceCall,
  resourceTags,
  textOf,
} from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import { tableArn } from '../services/dynamodb/access.ts'
import type { Table } from '../services/dynamodb/store.ts'
import { createRepository, deleteRepository, setRepositoryPolicy } from '../services/ecr/service.ts'
import { needServiceLinkedRole } from '../services/iam/roles.ts'
import { authorizeKey, keyOf } from '../services/kms/access.ts'
import { instanceArn } from '../services/rds/access.ts'
import type { DbInstance } from '../services/rds/store.ts'
import { createSecret } from '../services/secretsmanager/secrets.ts'

const repositoryMade = (made: { repositoryName: string; repositoryArn: string; repositoryUri: string }): Made => ({
  physicalId: made.repositoryName,
  attributes: { Arn: made.repositoryArn, RepositoryUri: made.repositoryUri },
})

function putRepositoryPolicy(name: string, properties: Properties, call: ResourceCall): void {
  const document = properties.RepositoryPolicyText
  if (document !== undefined) setRepositoryPolicy({ repositoryName: name, policyText: JSON.stringify(document) }, call)
}

export const repository: Provider = {
  properties: [
    'EncryptionConfiguration',
    'ImageScanningConfiguration',
    'ImageTagMutability',
    'RepositoryName',
    'RepositoryPolicyText',
    'Tags',
  ],
  create(properties, call) {
    const name = textOf(properties, 'RepositoryName') ?? generatedName(call).toLowerCase()
    const { repository: made } = createRepository(
      {
        repositoryName: name,
        imageTagMutability: textOf(properties, 'ImageTagMutability') as 'IMMUTABLE' | 'MUTABLE' | undefined,
        tags: tagList(resourceTags(call, properties.Tags)),
      },
      call,
    )
    call.began(name)
    putRepositoryPolicy(name, properties, call)
    return repositoryMade(made)
  },
  update(name, properties, _, call) {
    const found = call.world.ecr.repositories.get(`arn:aws:ecr:${call.region}:${call.account}:repository/${name}`)
    if (!found) throw new AwsError('RepositoryNotFoundException', `${name} does not exist`)
    authorize(call, { action: 'ecr:PutImageTagMutability', resource: found.arn })
    found.immutable = properties.ImageTagMutability === 'IMMUTABLE'
    found.tags = resourceTags(call, properties.Tags)
    putRepositoryPolicy(name, properties, call)
    const repositoryUri = `${call.account}.dkr.ecr.${call.region}.amazonaws.com/${name}`
    return repositoryMade({ repositoryName: name, repositoryArn: found.arn, repositoryUri })
  },
  remove(repositoryName, _, call) {
    deleteRepository({ repositoryName }, call)
  },
}

type KeyPart = { readonly AttributeName: string }

function configureTable(table: Table, properties: Properties, call: ResourceCall): void {
  const { PolicyDocument: document } = (properties.ResourcePolicy ?? {}) as { readonly PolicyDocument?: unknown }
  if (document !== undefined) {
    authorize(call, { action: 'dynamodb:PutResourcePolicy', resource: table.arn })
    table.policy = storePolicy(call.world, document, 'resource')
  } else if (table.policy !== undefined) {
    authorize(call, { action: 'dynamodb:DeleteResourcePolicy', resource: table.arn })
    table.policy = undefined
  }
  if (properties.PointInTimeRecoverySpecification !== undefined) {
    authorize(call, { action: 'dynamodb:UpdateContinuousBackups', resource: table.arn })
  }
  table.deletionProtection = String(properties.DeletionProtectionEnabled) === 'true'
}

const tableMade = ({ name, arn }: Table): Made => ({ physicalId: name, attributes: { Arn: arn } })

export const table: Provider = {
  properties: [
    'AttributeDefinitions',
    'BillingMode',
    'DeletionProtectionEnabled',
    'KeySchema',
    'PointInTimeRecoverySpecification',
    'ResourcePolicy',
    'SSESpecification',
    'TableName',
    'Tags',
  ],
  create(properties, call) {
    const name = textOf(properties, 'TableName') ?? generatedName(call)
    const arn = tableArn(call, name)
    authorize(call, { action: 'dynamodb:CreateTable', resource: arn })
    authorize(call, { action: 'dynamodb:DescribeTable', resource: arn })
    const { tables } = call.world.dynamodb
    if (tables.has(arn)) throw new AwsError('ResourceInUseException', `Table already exists: ${name}`)
    const keys = (properties.KeySchema as readonly KeyPart[]).map(({ AttributeName }) => AttributeName)
    const { account, region } = call
    const made: Table = {
      name,
      arn,
      account,
      region,
      keys,
      policy: undefined,
      deletionProtection: false,
      items: new Map(),
    }
    configureTable(made, properties, call)
    tables.set(arn, made)
    return tableMade(made)
  },
  update(name, properties, _, call) {
    const found = call.world.dynamodb.tables.get(tableArn(call, name))
    if (!found) throw new AwsError('ResourceNotFoundException', `Table not found: ${name}`)
    authorize(call, { action: 'dynamodb:UpdateTable', resource: found.arn })
    configureTable(found, properties, call)
    return tableMade(found)
  },
  remove(name, _, call) {
    const arn = tableArn(call, name)
    authorize(call, { action: 'dynamodb:DeleteTable', resource: arn })
    const found = call.world.dynamodb.tables.get(arn)
    if (found?.deletionProtection) {
      throw new AwsError(
        'ValidationException',
        'Resource cannot be deleted as it is currently protected against deletion.',
      )
    }
    call.world.dynamodb.tables.delete(arn)
  },
}

/** RDS makes and keeps the master user's secret, with a grant on its key: the deployer must be able to use both. */
function masterSecret(properties: Properties, call: ResourceCall, identifier: string): string | undefined {
  if (String(properties.ManageMasterUserPassword) !== 'true') return undefined
  const { account, world } = call
  const { KmsKeyId: key } = (properties.MasterUserSecret ?? {}) as { readonly KmsKeyId?: string }
  const password =
    world.hooks.masterPassword?.({ account, identifier }) ?? Buffer.from(world.random(24)).toString('base64url')
  const value = { username: String(properties.MasterUsername), password }
  const own = through(call, 'rds')
  if (key !== undefined) {
    const found = keyOf(call, key)
    authorizeKey(own, found, 'kms:DescribeKey')
    authorizeKey(own, found, 'kms:CreateGrant', {}, { 'kms:GrantIsForAWSResource': 'true' })
  }
  const { ARN } = createSecret(
    { Name: `rds!db-${crypto.randomUUID()}`, KmsKeyId: key, SecretString: JSON.stringify(value) },
    own,
    'rds',
  )
  return ARN
}

const instanceMade = (made: DbInstance): Made => ({
  physicalId: made.identifier,
  attributes: {
    DBInstanceArn: made.arn,
    'Endpoint.Address': made.address,
    'Endpoint.Port': String(made.port),
    'Endpoint.HostedZoneId': 'Z1TTGA775OQIYO',
    DbiResourceId: `db-${made.identifier.toUpperCase()}`,
    ...(made.masterSecret === undefined ? {} : { 'MasterUserSecret.SecretArn': made.masterSecret }),
  },
})

export const dbInstance: Provider = {
  create(properties, call) {
    const identifier = (textOf(properties, 'DBInstanceIdentifier') ?? generatedName(call)).toLowerCase()
    const arn = instanceArn(call, identifier)
    authorize(call, { action: 'rds:CreateDBInstance', resource: arn })
    authorize(call, { action: 'rds:AddTagsToResource', resource: arn })
    needServiceLinkedRole(call, 'rds.amazonaws.com')
    const { account, region, world } = call
    const { instances } = world.rds
    if (instances.has(arn)) throw new AwsError('DBInstanceAlreadyExists', 'DB instance already exists')
    const storageKey = textOf(properties, 'KmsKeyId')
    if (storageKey !== undefined) {
      const found = keyOf(call, storageKey)
      authorizeKey(through(call, 'rds'), found, 'kms:DescribeKey')
      authorizeKey(through(call, 'rds'), found, 'kms:CreateGrant', {}, { 'kms:GrantIsForAWSResource': 'true' })
    }
    const made: DbInstance = {
      identifier,
      arn,
      account,
      region,
      engine: textOf(properties, 'Engine') ?? '',
      engineVersion: textOf(properties, 'EngineVersion') ?? '',
      instanceClass: textOf(properties, 'DBInstanceClass') ?? '',
      masterUsername: textOf(properties, 'MasterUsername') ?? '',
      address: `${identifier}.c0ffee0123.${region}.rds.amazonaws.com`,
      port: Number(properties.Port ?? 5432),
      masterSecret: masterSecret(properties, call, identifier),
      deletionProtection: String(properties.DeletionProtection) === 'true',
    }
    instances.set(arn, made)
    return instanceMade(made)
  },
  update(identifier, properties, _, call) {
    const found = call.world.rds.instances.get(instanceArn(call, identifier))
    if (!found) throw new AwsError('DBInstanceNotFound', `${identifier} not found`)
    authorize(call, { action: 'rds:ModifyDBInstance', resource: found.arn })
    found.instanceClass = textOf(properties, 'DBInstanceClass') ?? found.instanceClass
    found.deletionProtection = String(properties.DeletionProtection) === 'true'
    return instanceMade(found)
  },
  remove(identifier, _, call) {
    const arn = instanceArn(call, identifier)
    authorize(call, { action: 'rds:DeleteDBInstance', resource: arn })
    if (call.world.rds.instances.get(arn)?.deletionProtection) {
      throw new AwsError(
        'InvalidParameterCombination',
        'Cannot delete protected DB Instance, please disable deletion protection and try again.',
      )
    }
    call.world.rds.instances.delete(arn)
  },
}
