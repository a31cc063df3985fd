import type {
  CreateBucketCommandInput,
  GetBucketEncryptionCommandOutput,
  GetBucketPolicyCommandOutput,
  PutBucketPolicyCommandInput,
  PutBucketVersioningCommandInput,
  PutPublicAccessBlockCommandInput,
} from '@aws-sdk/client-s3'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { storePolicy } from '../../principals.ts'
import { type Output, only, tagsOf } from '../../service.ts'
import { authorizeBucket, bucketArn, bucketOf, isPublicPolicy } from './access.ts'
import type { Bucket, PublicAccessBlock } from './store.ts'

type Named = { readonly Bucket?: string | undefined }

const allBlocked: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
}

export function createBucket(input: CreateBucketCommandInput, call: Call) {
  only(input, ['Bucket', 'CreateBucketConfiguration'])
  const { Bucket: name = '', CreateBucketConfiguration: configuration } = input
  authorize(call, { action: 's3:CreateBucket', resource: bucketArn(name) })
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
    throw new AwsError('InvalidBucketName', `${name} is no bucket name`)
  const constraint = configuration?.LocationConstraint ?? 'us-east-1'
  if (constraint !== call.region) {
    throw new AwsError(
      'IllegalLocationConstraintException',
      `the location ${constraint} is not the region ${call.region}`,
    )
  }
  const known = call.world.s3.buckets.get(name)
  if (known) {
    const code = known.account === call.account ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists'
    throw new AwsError(code, `the bucket name ${name} is taken`, 409)
  }
  const bucket: Bucket = {
    name,
    account: call.account,
    region: call.region,
    created: new Date(call.world.clock()),
    policy: undefined,
    versioning: undefined,
    publicAccess: allBlocked,
    kmsKey: undefined,
    tags: tagsOf(configuration?.Tags),
    objects: new Map(),
  }
  call.world.s3.buckets.set(name, bucket)
  return { Location: `/${name}` }
}

export function deleteBucket({ Bucket: name = '' }: Named, call: Call) {
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:DeleteBucket')
  if (bucket.objects.size > 0) throw new AwsError('BucketNotEmpty', `the bucket ${name} is not empty`, 409)
  call.world.s3.buckets.delete(name)
  return {}
}

export function headBucket({ Bucket: name = '' }: Named, call: Call) {
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:ListBucket')
  return { BucketRegion: bucket.region }
}

export function listBuckets(_: unknown, call: Call) {
  authorize(call, { action: 's3:ListAllMyBuckets', resource: '*' })
  const own = [...call.world.s3.buckets.values()].filter(({ account }) => account === call.account)
  return { Buckets: own.map(({ name, created }) => ({ Name: name, CreationDate: created })) }
}

export function getBucketLocation({ Bucket: name = '' }: Named, call: Call) {
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:GetBucketLocation')
  return bucket.region === 'us-east-1' ? {} : { LocationConstraint: bucket.region }
}

export function getBucketEncryption(
  { Bucket: name = '' }: Named,
  call: Call,
): Output<GetBucketEncryptionCommandOutput> {
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:GetEncryptionConfiguration')
  const rule = bucket.kmsKey
    ? { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: bucket.kmsKey }
    : { SSEAlgorithm: 'AES256' as const }
  return { ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: rule }] } }
}

export function putBucketPolicy(input: PutBucketPolicyCommandInput, call: Call) {
  only(input, ['Bucket', 'Policy', 'ContentMD5', 'ChecksumAlgorithm'])
  const bucket = bucketOf(call, input.Bucket ?? '')
  authorizeBucket(call, bucket, 's3:PutBucketPolicy')
  setBucketPolicy(call, bucket, input.Policy ?? '')
  return {}
}

/** @throws AwsError `AccessDenied` for a public policy where that is blocked. */
export function setBucketPolicy(call: Call, bucket: Bucket, json: unknown): void {
  const stored = storePolicy(call.world, json, 'resource')
  if (bucket.publicAccess.blockPublicPolicy && isPublicPolicy(stored)) {
    throw new AwsError(
      'AccessDenied',
      `public policies are blocked by the BlockPublicPolicy setting of ${bucket.name}`,
      403,
    )
  }
  for (const { resources } of stored.policy.statements) {
    const foreign = resources?.patterns.find(
      pattern => pattern !== bucketArn(bucket.name) && !pattern.startsWith(`${bucketArn(bucket.name)}/`),
    )
    if (foreign) throw new AwsError('MalformedPolicyDocument', `policy has an invalid resource: ${foreign}`)
  }
  bucket.policy = stored
}

export function getBucketPolicy({ Bucket: name = '' }: Named, call: Call): Output<GetBucketPolicyCommandOutput> {
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:GetBucketPolicy')
  if (!bucket.policy) throw new AwsError('NoSuchBucketPolicy', 'the bucket has no policy', 404)
  return { Policy: JSON.stringify(bucket.policy.document) }
}

export function deleteBucketPolicy({ Bucket: name = '' }: Named, call: Call) {
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:DeleteBucketPolicy')
  bucket.policy = undefined
  return {}
}

export function getBucketVersioning({ Bucket: name = '' }: Named, call: Call) {
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:GetBucketVersioning')
  return { Status: bucket.versioning }
}

export function putBucketVersioning(input: PutBucketVersioningCommandInput, call: Call) {
  only(input, ['Bucket', 'VersioningConfiguration', 'ContentMD5', 'ChecksumAlgorithm'])
  const bucket = bucketOf(call, input.Bucket ?? '')
  authorizeBucket(call, bucket, 's3:PutBucketVersioning')
  bucket.versioning = input.VersioningConfiguration?.Status
  return {}
}

export function getPublicAccessBlock({ Bucket: name = '' }: Named, call: Call) {
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:GetBucketPublicAccessBlock')
  const { blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets } = bucket.publicAccess
  return {
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: blockPublicAcls,
      IgnorePublicAcls: ignorePublicAcls,
      BlockPublicPolicy: blockPublicPolicy,
      RestrictPublicBuckets: restrictPublicBuckets,
    },
  }
}

export function putPublicAccessBlock(input: PutPublicAccessBlockCommandInput, call: Call) {
  only(input, ['Bucket', 'PublicAccessBlockConfiguration', 'ContentMD5', 'ChecksumAlgorithm'])
  const bucket = bucketOf(call, input.Bucket ?? '')
  authorizeBucket(call, bucket, 's3:PutBucketPublicAccessBlock')
  const given = input.PublicAccessBlockConfiguration
  bucket.publicAccess = {
    blockPublicAcls: given?.BlockPublicAcls ?? false,
    ignorePublicAcls: given?.IgnorePublicAcls ?? false,
    blockPublicPolicy: given?.BlockPublicPolicy ?? false,
    restrictPublicBuckets: given?.RestrictPublicBuckets ?? false,
  }
  return {}
}
