import { CreateBucketCommand, GetObjectCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AwsDouble } from '../src/index.ts'
import { clientsOf, other, own, region, startTwoAccounts } from './start.ts'

// The catalogue of wrong policies goes on with buckets.

let aws: AwsDouble
beforeAll(async () => {
  aws = await startTwoAccounts()
})
afterAll(() => aws.stop())

const user = (account: string, name: string) => ({ AWS: `arn:aws:iam::${account}:user/${name}` })
const document = (...statements: object[]) => ({ Version: '2012-10-17', Statement: statements })
const admin = () => clientsOf(aws, own, 'admin')
const reader = () => clientsOf(aws, other, 'reader')
const denied = { name: expect.stringMatching(/AccessDenied/) }

describe('buckets', () => {
  test('19. a public policy does not pass the public access block', async () => {
    const { s3 } = admin()
    const Bucket = 'wide-open'
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }))
    const everybody = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }
    await expect(
      s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(document(everybody)) })),
    ).rejects.toMatchObject(denied)
  })

  test('20. objects of one prefix only, and none without the policy', async () => {
    const { s3 } = admin()
    const Bucket = 'conf-files'
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }))
    for (const Key of ['node0/a', 'node1/a']) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    const get = (Key: string) => reader().s3.send(new GetObjectCommand({ Bucket, Key }))
    await expect(get('node0/a')).rejects.toMatchObject(denied)
    const mine = {
      Effect: 'Allow',
      Principal: user(other, 'reader'),
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/node0/*`,
    }
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(document(mine)) }))
    expect(await (await get('node0/a')).Body?.transformToString()).toBe('node0/a')
    await expect(get('node1/a')).rejects.toMatchObject(denied)
    await expect(get('node0/b')).rejects.toMatchObject(denied)
  })
})
