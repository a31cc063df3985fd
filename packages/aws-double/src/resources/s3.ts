import { AwsError } from '../errors.ts'
import type { Provider, ResourceCall } from '../services/cloudformation/provider.ts'
import { generatedName, resourceTags, textOf } from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import { authorizeBucket, bucketOf } from '../services/s3/access.ts'
import { createBucket, deleteBucket, deleteBucketPolicy, setBucketPolicy } from '../services/s3/buckets.ts'
import type { Bucket } from '../services/s3/store.ts'

type Encryption = {
  readonly ServerSideEncryptionConfiguration: readonly {
    readonly ServerSideEncryptionByDefault?: { readonly SSEAlgorithm: string; readonly KMSMasterKeyID?: string }
  }[]
}
type Versioning = { readonly Status: 'Enabled' | 'Suspended' }
type PublicAccess = Readonly<Record<string, unknown>>

const isTrue = (value: unknown): boolean => String(value) === 'true'

function configure(call: ResourceCall, bucket: Bucket, properties: Properties): void {
  const encryption = properties.BucketEncryption as Encryption | undefined
  const versioning = properties.VersioningConfiguration as Versioning | undefined
  const access = properties.PublicAccessBlockConfiguration as PublicAccess | undefined
  if (encryption) authorizeBucket(call, bucket, 's3:PutEncryptionConfiguration')
  if (versioning) authorizeBucket(call, bucket, 's3:PutBucketVersioning')
  if (access) authorizeBucket(call, bucket, 's3:PutBucketPublicAccessBlock')
  const lesser: readonly (readonly [string, string])[] = [
    ['LifecycleConfiguration', 's3:PutLifecycleConfiguration'],
    ['OwnershipControls', 's3:PutBucketOwnershipControls'],
    ['LoggingConfiguration', 's3:PutBucketLogging'],
  ]
  for (const [name, action] of lesser) if (properties[name]) authorizeBucket(call, bucket, action)
  const [rule] = encryption?.ServerSideEncryptionConfiguration ?? []
  const byDefault = rule?.ServerSideEncryptionByDefault
  bucket.kmsKey = byDefault?.SSEAlgorithm === 'aws:kms' ? byDefault.KMSMasterKeyID : undefined
  bucket.versioning = versioning?.Status
  if (access) {
    bucket.publicAccess = {
      blockPublicAcls: isTrue(access.BlockPublicAcls),
      ignorePublicAcls: isTrue(access.IgnorePublicAcls),
      blockPublicPolicy: isTrue(access.BlockPublicPolicy),
      restrictPublicBuckets: isTrue(access.RestrictPublicBuckets),
    }
  }
  const tags = resourceTags(call, properties.Tags)
  if (tags.size > 0) authorizeBucket(call, bucket, 's3:PutBucketTagging')
  bucket.tags = tags
}

const described = ({ name, region }: Bucket) => ({
  physicalId: name,
  attributes: {
    Arn: `arn:aws:s3:::${name}`,
    DomainName: `${name}.s3.amazonaws.com`,
    RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
    DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
    WebsiteURL: `http://${name}.s3-website-${region}.amazonaws.com`,
  },
})

export const bucket: Provider = {
  properties: [
    'BucketEncryption',
    'BucketName',
    'LifecycleConfiguration',
    'LoggingConfiguration',
    'OwnershipControls',
    'PublicAccessBlockConfiguration',
    'Tags',
    'VersioningConfiguration',
  ],
  create(properties, call) {
    const name = textOf(properties, 'BucketName') ?? generatedName(call, 63).toLowerCase()
    const { region } = call
    const location =
      region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as 'eu-west-1' } }
    createBucket({ Bucket: name, ...location }, call)
    call.began(name)
    const made = bucketOf(call, name)
    configure(call, made, properties)
    return described(made)
  },
  update(name, properties, _, call) {
    const found = bucketOf(call, name)
    configure(call, found, properties)
    return described(found)
  },
  remove(name, _, call) {
    deleteBucket({ Bucket: name }, call)
  },
}

function putPolicy(properties: Properties, call: ResourceCall) {
  const found = bucketOf(call, String(properties.Bucket))
  authorizeBucket(call, found, 's3:PutBucketPolicy')
  if (found.account !== call.account)
    throw new AwsError('AccessDenied', 'a bucket policy is put by its own account', 403)
  setBucketPolicy(call, found, properties.PolicyDocument)
  return { physicalId: found.name, attributes: {} }
}

export const bucketPolicy: Provider = {
  create: putPolicy,
  update: (_, properties, __, call) => putPolicy(properties, call),
  remove(name, _, call) {
    deleteBucketPolicy({ Bucket: name }, call)
  },
}
