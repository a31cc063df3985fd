import { createHash } from 'node:crypto'
import type {
  DeleteObjectCommandInput,
  GetObjectCommandInput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { type Call, isAllowed, through } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { type Output, only } from '../../service.ts'
import { authorizeKeyUse } from '../kms/access.ts'
import { authorizeBucket, bucketArn, bucketOf, objectArn } from './access.ts'
import type { Bucket, ObjectVersion } from './store.ts'

const checksums = ['ChecksumAlgorithm', 'ChecksumCRC32', 'ChecksumSHA256', 'ContentMD5', 'ContentLength'] as const

/** The key's own policy decides about objects under a customer's key. */
function useKey(call: Call, kmsKey: string | undefined, action: string, bucket: Bucket): void {
  if (kmsKey === undefined) return
  authorizeKeyUse(through(call, 's3'), kmsKey, action, { 'aws:s3:arn': bucketArn(bucket.name) })
}

export function putObject(input: PutObjectCommandInput, call: Call) {
  only(input, [
    ...checksums,
    'Body',
    'Bucket',
    'CacheControl',
    'ContentEncoding',
    'ContentType',
    'IfNoneMatch',
    'Key',
    'Metadata',
    'ServerSideEncryption',
    'SSEKMSKeyId',
  ])
  const { Bucket: name = '', Key: key = '' } = input
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:PutObject', key, {
    's3:x-amz-server-side-encryption': input.ServerSideEncryption,
    's3:x-amz-server-side-encryption-aws-kms-key-id': input.SSEKMSKeyId,
  })
  if (input.IfNoneMatch !== undefined && currentOf(bucket, key)) {
    throw new AwsError('PreconditionFailed', 'the object exists', 412)
  }
  const kmsKey = input.ServerSideEncryption === 'AES256' ? undefined : (input.SSEKMSKeyId ?? bucket.kmsKey)
  useKey(call, kmsKey, 'kms:GenerateDataKey', bucket)
  // The body was read by the server, and is bytes by now.
  const body = input.Body instanceof Uint8Array ? input.Body : new Uint8Array()
  const encoding = input.ContentEncoding?.split(',')
    .filter(part => part !== 'aws-chunked')
    .join(',')
  const version = store(call, bucket, key, {
    body,
    contentType: input.ContentType ?? 'application/octet-stream',
    metadata: input.Metadata ?? {},
    cacheControl: input.CacheControl,
    contentEncoding: encoding || undefined,
    kmsKey,
  })
  return { ETag: version.etag, ...shown(bucket, version) }
}

type NewVersion = Pick<
  ObjectVersion,
  'body' | 'contentType' | 'metadata' | 'cacheControl' | 'contentEncoding' | 'kmsKey'
>

export function store(call: Call, bucket: Bucket, key: string, given: NewVersion): ObjectVersion {
  const { world } = call
  const version: ObjectVersion = {
    ...given,
    versionId: bucket.versioning === 'Enabled' ? Buffer.from(world.random(24)).toString('base64url') : 'null',
    etag: `"${createHash('md5')
      .update(given.body ?? '')
      .digest('hex')}"`,
    modified: new Date(world.clock()),
  }
  const older = (bucket.objects.get(key) ?? []).filter(({ versionId }) => versionId !== version.versionId)
  bucket.objects.set(key, [version, ...older])
  return version
}

const shown = (bucket: Bucket, { versionId, kmsKey }: ObjectVersion) => ({
  ...(bucket.versioning ? { VersionId: versionId } : {}),
  ServerSideEncryption: kmsKey ? ('aws:kms' as const) : ('AES256' as const),
  ...(kmsKey ? { SSEKMSKeyId: kmsKey } : {}),
})

export function currentOf(bucket: Bucket, key: string): ObjectVersion | undefined {
  const [newest] = bucket.objects.get(key) ?? []
  return newest?.body ? newest : undefined
}

function findVersion(call: Call, bucket: Bucket, key: string, versionId: string | undefined): ObjectVersion {
  const found =
    versionId === undefined
      ? currentOf(bucket, key)
      : bucket.objects.get(key)?.find(version => version.versionId === versionId)
  if (found?.body) return found
  // Whoever may not list does not learn whether the object exists.
  const mayList = isAllowed(call, {
    action: 's3:ListBucket',
    resource: bucketArn(bucket.name),
    resourceAccount: bucket.account,
    policy: bucket.policy?.policy,
  })
  if (!mayList) throw new AwsError('AccessDenied', 'Access Denied', 403)
  if (versionId !== undefined)
    throw new AwsError('NoSuchVersion', `${objectArn(bucket.name, key)} has no such version`, 404)
  throw new AwsError('NoSuchKey', `the key ${key} does not exist in ${bucket.name}`, 404)
}

export function headObject(input: HeadObjectCommandInput, call: Call): Output<HeadObjectCommandOutput> {
  only(input, ['Bucket', 'ChecksumMode', 'Key', 'VersionId'])
  const { bucket, version } = read(input, call)
  return { ...described(bucket, version), ContentLength: version.body?.length ?? 0 }
}

export function getObject(input: GetObjectCommandInput, call: Call) {
  only(input, ['Bucket', 'ChecksumMode', 'IfMatch', 'Key', 'Range', 'VersionId'])
  const { bucket, version } = read(input, call)
  if (input.IfMatch !== undefined && input.IfMatch !== version.etag) {
    throw new AwsError('PreconditionFailed', 'the object is another one by now', 412)
  }
  const whole = version.body ?? new Uint8Array()
  const range = input.Range === undefined ? undefined : parseRange(input.Range, whole.length)
  const body = range ? whole.subarray(range.start, range.end + 1) : whole
  return {
    ...described(bucket, version),
    Body: body,
    ContentLength: body.length,
    ...(range ? { ContentRange: `bytes ${range.start}-${range.end}/${whole.length}` } : {}),
  }
}

function parseRange(text: string, length: number): { readonly start: number; readonly end: number } {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(text) ?? []
  const start = from === '' ? length - Number(to) : Number(from)
  const end = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1)
  if ((from === '' && to === '') || start < 0 || start > end) throw new AwsError('InvalidRange', 'not satisfiable', 416)
  return { start, end }
}

function read(input: { Bucket?: string; Key?: string; VersionId?: string }, call: Call) {
  const { Bucket: name = '', Key: key = '', VersionId: versionId } = input
  const bucket = bucketOf(call, name)
  const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  authorizeBucket(call, bucket, action, key, { 's3:VersionId': versionId })
  const version = findVersion(call, bucket, key, versionId)
  useKey(call, version.kmsKey, 'kms:Decrypt', bucket)
  return { bucket, version }
}

const described = (bucket: Bucket, version: ObjectVersion) => ({
  ETag: version.etag,
  LastModified: version.modified,
  ContentType: version.contentType,
  AcceptRanges: 'bytes',
  Metadata: version.metadata,
  CacheControl: version.cacheControl,
  ContentEncoding: version.contentEncoding,
  ...shown(bucket, version),
})

export function deleteObject(input: DeleteObjectCommandInput, call: Call) {
  only(input, ['Bucket', 'Key', 'VersionId'])
  const { Bucket: name = '', Key: key = '', VersionId: versionId } = input
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', key)
  const versions = bucket.objects.get(key) ?? []
  if (versionId === undefined && bucket.versioning === 'Enabled') {
    const marker = {
      body: undefined,
      contentType: '',
      metadata: {},
      cacheControl: undefined,
      contentEncoding: undefined,
    }
    const { versionId: made } = store(call, bucket, key, { ...marker, kmsKey: undefined })
    return { DeleteMarker: true, VersionId: made }
  }
  const left = versionId === undefined ? [] : versions.filter(version => version.versionId !== versionId)
  if (left.length > 0) bucket.objects.set(key, left)
  else bucket.objects.delete(key)
  return {}
}

const pageSize = 1000

export function listObjects(input: ListObjectsV2CommandInput, call: Call): Output<ListObjectsV2CommandOutput> {
  only(input, ['Bucket', 'ContinuationToken', 'Delimiter', 'MaxKeys', 'Prefix', 'StartAfter'])
  const { Bucket: name = '', Prefix: prefix = '', Delimiter: delimiter, MaxKeys: max = pageSize } = input
  const bucket = bucketOf(call, name)
  authorizeBucket(call, bucket, 's3:ListBucket', undefined, {
    's3:prefix': prefix,
    's3:delimiter': delimiter,
    's3:max-keys': String(max),
  })
  const after = input.ContinuationToken ?? input.StartAfter ?? ''
  const keys = [...bucket.objects.keys()].filter(key => key.startsWith(prefix) && currentOf(bucket, key)).sort()
  const folderOf = (key: string): string | undefined => {
    const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    return end < 0 ? undefined : key.slice(0, end + (delimiter?.length ?? 0))
  }
  const folders = [...new Set(keys.flatMap(key => folderOf(key) ?? []))]
  const plain = keys.filter(key => folderOf(key) === undefined && key > after)
  const page = plain.slice(0, max)
  return {
    Name: name,
    Prefix: prefix,
    MaxKeys: max,
    KeyCount: page.length + folders.length,
    IsTruncated: plain.length > page.length,
    ...(plain.length > page.length ? { NextContinuationToken: page.at(-1) } : {}),
    CommonPrefixes: folders.map(Prefix => ({ Prefix })),
    Contents: page.map(key => {
      const version = currentOf(bucket, key)
      return {
        Key: key,
        ETag: version?.etag,
        Size: version?.body?.length ?? 0,
        LastModified: version?.modified,
        StorageClass: 'STANDARD' as const,
      }
    }),
  }
}
