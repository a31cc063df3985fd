import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  ListAccessKeysCommand,
} from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AwsDouble } from '../src/index.ts'
import { allow, clientsOf, other, own, region, startTwoAccounts } from './start.ts'
import { deployStack } from './templates.ts'

const userName = 'anchor-user'
const table = (name: string) => `arn:aws:dynamodb:${region}:${own}:table/${name}`
const tableOf = (TableName: string, Statement: object[]) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'record', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'record', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    ResourcePolicy: { PolicyDocument: { Version: '2012-10-17', Statement } },
  },
})

let aws: AwsDouble
beforeAll(async () => {
  aws = await startTwoAccounts()
  const { reason } = await deployStack(aws, 'anchor', {
    User: {
      Type: 'AWS::IAM::User',
      Properties: {
        UserName: userName,
        Policies: [{ PolicyName: 'own', PolicyDocument: allow('dynamodb:*Item', table('anchor')) }],
      },
    },
    Anchor: tableOf('anchor', [
      {
        Sid: 'OnlyTheUserWrites',
        Effect: 'Deny',
        Principal: '*',
        Action: ['dynamodb:PutItem', 'dynamodb:DeleteItem'],
        Resource: table('anchor'),
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': `arn:aws:iam::${own}:user/${userName}` } },
      },
    ]),
    Other: tableOf('other', [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${other}:root` },
        Action: 'dynamodb:GetItem',
        Resource: table('other'),
      },
    ]),
  })
  expect(reason).toBeUndefined()
})
afterAll(() => aws.stop())

const ids = async () =>
  (
    await clientsOf(aws, own, 'admin').iam.send(new ListAccessKeysCommand({ UserName: userName }))
  ).AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId)
async function newKey() {
  const { AccessKey } = await clientsOf(aws, own, 'admin').iam.send(new CreateAccessKeyCommand({ UserName: userName }))
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
}
const dynamoOf = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new DynamoDBClient({ endpoint: aws.endpoint, region, credentials, maxAttempts: 1 })
const admin = () => dynamoOf(aws.credentialsFor(own, 'admin'))
const remove = (AccessKeyId: string) =>
  clientsOf(aws, own, 'admin').iam.send(new DeleteAccessKeyCommand({ UserName: userName, AccessKeyId }))

const item = (record: string, version: string) => ({ record: { S: record }, version: { N: version } })
const put = (record: string, version: string) =>
  new PutItemCommand({
    TableName: 'anchor',
    Item: item(record, version),
    ConditionExpression: 'attribute_not_exists(#record)',
    ExpressionAttributeNames: { '#record': 'record' },
  })
const get = (TableName: string, record: string) =>
  new GetItemCommand({ TableName, Key: { record: { S: record } }, ConsistentRead: true })

describe('an access key of a user', () => {
  test('speaks for the user, whose policies count, and for nobody once it is deleted', async () => {
    const key = await newKey()
    const dynamo = dynamoOf(key)
    await dynamo.send(put('votes', '0'))
    await expect(dynamo.send(put('votes', '1'))).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
    expect((await dynamo.send(get('anchor', 'votes'))).Item).toEqual(item('votes', '0'))
    await expect(dynamo.send(get('other', 'votes'))).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await expect(
      dynamoOf({ ...key, secretAccessKey: 'x'.repeat(40) }).send(get('anchor', 'votes')),
    ).rejects.toMatchObject({ name: 'InvalidSignatureException' })
    await remove(key.accessKeyId)
    await expect(dynamo.send(get('anchor', 'votes'))).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
  })

  test('is one of two at most, and keeps the user from being removed', async () => {
    const keys = [await newKey(), await newKey()]
    expect(await ids()).toEqual(keys.map(({ accessKeyId }) => accessKeyId))
    await expect(newKey()).rejects.toMatchObject({ name: 'LimitExceededException' })
    await expect(
      clientsOf(aws, own, 'admin').iam.send(new DeleteUserCommand({ UserName: userName })),
    ).rejects.toMatchObject({ name: 'DeleteConflictException' })
    for (const { accessKeyId } of keys) await remove(accessKeyId)
    await expect(remove(keys[0]?.accessKeyId ?? '')).rejects.toMatchObject({ name: 'NoSuchEntityException' })
    expect(await ids()).toEqual([])
  })

  test('is made by nobody without the right', async () => {
    const refused = clientsOf(aws, own, 'nobody').iam.send(new CreateAccessKeyCommand({ UserName: userName }))
    await expect(refused).rejects.toMatchObject({ name: 'AccessDenied' })
    const foreign = clientsOf(aws, other, 'admin').iam.send(new CreateAccessKeyCommand({ UserName: userName }))
    await expect(foreign).rejects.toMatchObject({ name: 'NoSuchEntityException' })
  })
})

describe('a table that only its user writes', () => {
  test('denies writes to the administrator of its own account, who may read', async () => {
    await expect(admin().send(put('other', '0'))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('an explicit deny in a resource-based policy'),
    })
    await expect(
      admin().send(new DeleteItemCommand({ TableName: 'anchor', Key: { record: { S: 'votes' } } })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' })
    expect((await admin().send(get('anchor', 'votes'))).Item).toEqual(item('votes', '0'))
  })

  test('is unknown to another account', async () => {
    const stranger = dynamoOf(aws.credentialsFor(other, 'admin'))
    await expect(stranger.send(get(table('anchor'), 'votes'))).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })

  test('gives rows up on a condition', async () => {
    const key = await newKey()
    const dynamo = dynamoOf(key)
    await dynamo.send(put('hold-1', '1'))
    const drop = (version: string) =>
      dynamo.send(
        new DeleteItemCommand({
          TableName: 'anchor',
          Key: { record: { S: 'hold-1' } },
          ConditionExpression: '#version = :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': { N: version } },
        }),
      )
    await expect(drop('7')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
    await drop('1')
    expect((await dynamo.send(get('anchor', 'hold-1'))).Item).toBeUndefined()
    // A bare name could be one of DynamoDB's reserved words.
    await expect(
      dynamo.send(
        new DeleteItemCommand({
          TableName: 'anchor',
          Key: { record: { S: 'votes' } },
          ConditionExpression: 'attribute_exists(record)',
        }),
      ),
    ).rejects.toMatchObject({ name: 'NotInAwsDouble' })
    await remove(key.accessKeyId)
  })
})

describe('over TLS', () => {
  const ask = async (options: {
    readonly servername: string
    readonly ca?: string
    readonly headers?: Record<string, string>
  }) => {
    const { port, authority } = await aws.secure()
    const ca = options.ca ?? new X509Certificate(authority).toString()
    return new Promise<{ status: number | undefined; type: string | undefined; body: string }>((resolve, reject) => {
      const { servername, headers } = options
      const sent = request({ host: '127.0.0.1', port, servername, ca, method: 'POST', headers }, response => {
        let body = ''
        response.setEncoding('utf8').on('data', part => {
          body += part
        })
        response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], body }))
      })
      sent.on('error', reject).end('{}')
    })
  }
  const servername = `dynamodb.${region}.amazonaws.com`

  test('DynamoDB answers under its own name, and refuses as DynamoDB words it', async () => {
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIAUNKNOWN/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`
    const { status, type, body } = await ask({ servername, headers: { authorization } })
    expect([status, type]).toEqual([400, 'application/x-amz-json-1.0'])
    expect(JSON.parse(body).__type).toBe('com.amazon.coral.service#UnrecognizedClientException')
  })

  test.each([
    ['another name', { servername: 'dynamodb.us-west-2.amazonaws.com' }, /altnames/],
    ['another authority', { servername, ca: '' }, /unable to verify/],
  ])('nobody is answered who expects %s', async (_what, options, message) => {
    await expect(ask(options)).rejects.toThrow(message)
  })
})
