import { type Access, authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import type { Bucket } from './store.ts'

export const bucketArn = (name: string): string => `arn:aws:s3:::${name}`
export const objectArn = (name: string, key: string): string => `${bucketArn(name)}/${key}`

const noSuchBucket = (name: string) => new AwsError('NoSuchBucket', `the bucket ${name} does not exist`, 404)

/** @throws AwsError `NoSuchBucket` */
export function bucketOf(call: Call, name: string): Bucket {
  const bucket = call.world.s3.buckets.get(name)
  if (!bucket) {
    authorize(call, { action: 's3:ListBucket', resource: bucketArn(name) })
    throw noSuchBucket(name)
  }
  return bucket
}

/** Authorises an action on a bucket or, with a key, on an object. */
export function authorizeBucket(
  call: Call,
  bucket: Bucket,
  action: string,
  key?: string,
  context: Access['context'] = {},
): void {
  const { policy } = bucket
  authorize(call, {
    action,
    resource: key === undefined ? bucketArn(bucket.name) : objectArn(bucket.name, key),
    resourceAccount: bucket.account,
    policy: policy?.policy,
    context: { 's3:ResourceAccount': bucket.account, 's3:TlsVersion': '1.3', ...context },
  })
}

/** A statement that gives something to everybody without a condition that narrows who. */
export function isPublicPolicy({ policy }: NonNullable<Bucket['policy']>): boolean {
  const narrowing = ['aws:sourcearn', 'aws:sourceaccount', 'aws:principalaccount', 'aws:principalarn', 'aws:sourceip']
  return policy.statements.some(
    ({ effect, principals, conditions }) =>
      effect === 'Allow' &&
      (principals ?? []).some(({ kind }) => kind === 'anyone') &&
      !conditions.some(({ key, ifExists }) => narrowing.includes(key) && !ifExists),
  )
}
