import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { CreateRoleCommand, DeleteRoleCommand } from '@aws-sdk/client-iam'
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds'
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { CreateSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AwsDouble } from '../src/index.ts'
import { parseForm } from '../src/protocol/query.ts'
import { parseXml } from '../src/protocol/xml.ts'
import { clientsOf, other, own, region, startTwoAccounts } from './start.ts'

let now = Date.now()
let aws: AwsDouble
beforeAll(async () => {
  aws = await startTwoAccounts({ clock: () => now })
})
afterAll(() => aws.stop())

const identity = new GetCallerIdentityCommand({})
const clients = () => clientsOf(aws, own, 'admin')
const stsWith = (credentials: object, rest: object = {}) =>
  new STSClient({ ...clients().config, ...rest, credentials: { ...clients().config.credentials, ...credentials } })

describe('who signed', () => {
  test('a user, root and a session are told apart', async () => {
    expect((await clients().sts.send(identity)).Arn).toBe(`arn:aws:iam::${own}:user/admin`)
    expect((await clientsOf(aws, other, 'root').sts.send(identity)).Arn).toBe(`arn:aws:iam::${other}:root`)
  })

  test('another secret, an unknown key id, a foreign token', async () => {
    await expect(stsWith({ secretAccessKey: 'x'.repeat(40) }).send(identity)).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    })
    await expect(stsWith({ accessKeyId: 'AKIAEXAMPLE' }).send(identity)).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    })
    await expect(stsWith({ sessionToken: 'x' }).send(identity)).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
  })

  test('a wrong clock', async () => {
    now = Date.now() + 600_000
    try {
      await expect(clients().sts.send(identity)).rejects.toMatchObject({ name: expect.stringMatching(/Skewed/) })
    } finally {
      now = Date.now()
    }
  })

  test('an altered body, an unsigned request', async () => {
    const client = clients().sts
    type Step = (args: { readonly request: unknown }) => Promise<never>
    const alter = (next: Step) => (args: Parameters<Step>[0]) => {
      const request = args.request as { body: string }
      request.body = request.body.replace('GetCallerIdentity', 'GetAccessKeyInfo0')
      return next(args)
    }
    type Middleware = Parameters<typeof client.middlewareStack.addRelativeTo>[0]
    client.middlewareStack.addRelativeTo(alter as unknown as Middleware, {
      relation: 'after',
      toMiddleware: 'httpSigningMiddleware',
    })
    await expect(client.send(identity)).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' })
    expect((await fetch(aws.endpoint, { method: 'POST', body: 'Action=GetCallerIdentity' })).status).toBe(403)
    expect((await fetch(aws.endpoint, { method: 'POST', headers: { authorization: 'Basic x' } })).status).toBe(403)
  })

  test('a session needs its token, ends, and ends with its role', async () => {
    const { iam, sts } = clients()
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: own }, Action: 'sts:AssumeRole' }],
    }
    await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: JSON.stringify(trust) }))
    const assume = new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${own}:role/r`,
      RoleSessionName: 'me',
      DurationSeconds: 900,
    })
    const { Credentials: keys } = await sts.send(assume)
    const credentials = { accessKeyId: keys?.AccessKeyId ?? '', secretAccessKey: keys?.SecretAccessKey ?? '' }
    const session = { ...credentials, sessionToken: keys?.SessionToken ?? '' }
    expect((await stsWith(session).send(identity)).Arn).toBe(`arn:aws:sts::${own}:assumed-role/r/me`)
    await expect(stsWith(credentials).send(identity)).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
    await iam.send(new DeleteRoleCommand({ RoleName: 'r' }))
    await expect(stsWith(session).send(identity)).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
  })
})

describe('shapes of requests', () => {
  const send = (input: Record<string, unknown>) =>
    clients().secrets.send(new GetSecretValueCommand(input as { SecretId: string }))
  const raw = async (target: string, body: string) => {
    const client = new SSMClient(clients().config)
    client.middlewareStack.add(
      next => args => {
        const request = args.request as { body: string; headers: Record<string, string> }
        request.body = body
        request.headers['x-amz-target'] = target
        request.headers['content-length'] = String(body.length)
        return next(args)
      },
      { step: 'build', priority: 'low' },
    )
    return client.send(new GetParameterCommand({ Name: 'x' }))
  }
  test.each([
    ['an unknown member', '{"Name":"x","Colour":"red"}', 'SerializationException'],
    ['a number for text', '{"Name":1}', 'SerializationException'],
    ['text for a boolean', '{"Name":"x","WithDecryption":"yes"}', 'SerializationException'],
    ['a list', '[]', 'SerializationException'],
    ['no JSON', '{', 'SerializationException'],
    ['a required member that is missing', '{}', 'ValidationException'],
  ])('%s', async (_, body, name) => {
    await expect(raw('AmazonSSM.GetParameter', body)).rejects.toMatchObject({ name })
  })

  test('an operation that does not exist, and one that the double does not have', async () => {
    await expect(raw('AmazonSSM.GetEverything', '{}')).rejects.toMatchObject({ name: 'UnknownOperationException' })
    await expect(raw('AmazonSSM.GetOpsSummary', '{}')).rejects.toMatchObject({ name: 'NotInAwsDouble' })
  })

  test('what is not there is told as AWS tells it', async () => {
    await expect(send({ SecretId: 'none' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    const rds = new RDSClient(clients().config)
    const describe = new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'none' })
    await expect(rds.send(describe)).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' })
    await expect(
      rds.send(new DescribeDBInstancesCommand({ Filters: [{ Name: 'engine', Values: ['x'] }] })),
    ).rejects.toMatchObject({ name: 'NotInAwsDouble' })
  })

  test.each(['<a>', '<a></b>', '<a></a><b></b>', '<a>&unknown;</a>', 'a < b', ''])('not XML: %s', text => {
    expect(() => parseXml(text)).toThrow(/XML/)
  })

  test('a form field that appears twice', () => {
    expect(() => parseForm(new TextEncoder().encode('Action=X&A.member.1=1&A.member.1=2'))).toThrow(/appears twice/)
  })
})

describe('bodies of S3', () => {
  const Bucket = 'bodies'
  beforeAll(async () => {
    await clients().s3.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }),
    )
  })

  test('bytes go in and come out, in parts too', async () => {
    const { s3 } = clients()
    const body = Buffer.alloc(100_000, 'x')
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'a b/ü+.txt',
        Body: body,
        ContentType: 'text/plain',
        Metadata: { kind: 'test' },
      }),
    )
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'a b/ü+.txt' }))
    expect(head).toMatchObject({ ContentLength: 100_000, ContentType: 'text/plain', Metadata: { kind: 'test' } })
    expect(head.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`)
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'a b/ü+.txt', Range: 'bytes=10-19' }))
    expect(await part.Body?.transformToString()).toBe('x'.repeat(10))
    await expect(
      s3.send(new GetObjectCommand({ Bucket, Key: 'a b/ü+.txt', Range: 'bytes=100000-' })),
    ).rejects.toMatchObject({ name: 'InvalidRange' })
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  test('a stream of known length', async () => {
    const { s3 } = clients()
    const Body = Readable.from([Buffer.from('one '), Buffer.from('two')])
    await s3.send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: 7 }))
    const { Body: read } = await s3.send(new GetObjectCommand({ Bucket, Key: 'stream' }))
    expect(await read?.transformToString()).toBe('one two')
  })

  test('a checksum of other bytes', async () => {
    const put = new PutObjectCommand({
      Bucket,
      Key: 'sum',
      Body: 'a',
      ChecksumSHA256: createHash('sha256').update('b').digest('base64'),
    })
    await expect(clients().s3.send(put)).rejects.toMatchObject({ name: 'BadDigest' })
  })
})

test('each call is on record with its decisions', async () => {
  const { secrets } = clientsOf(aws, own, 'nobody')
  await expect(secrets.send(new CreateSecretCommand({ Name: 'x', SecretString: 'y' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  })
  expect(aws.calls.at(-1)).toMatchObject({
    service: 'secretsmanager',
    operation: 'CreateSecret',
    principal: `arn:aws:iam::${own}:user/nobody`,
    outcome: 'AccessDenied',
    decisions: [
      { action: 'secretsmanager:CreateSecret', allowed: false, reason: 'no identity-based policy allows it' },
    ],
  })
})
