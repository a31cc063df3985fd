import { UpdateStackCommand } from '@aws-sdk/client-cloudformation'
import { DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { ChangeResourceRecordSetsCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AwsDouble } from '../src/index.ts'
import { clientsOf, other, own, region, startTwoAccounts } from './start.ts'
import { deployStack } from './templates.ts'

let aws: AwsDouble
beforeAll(async () => {
  aws = await startTwoAccounts()
})
afterAll(() => aws.stop())

const config = () => clientsOf(aws, own, 'admin').config

test('a table keeps what a condition lets in, also for the other account that its policy names', async () => {
  const tableArn = `arn:aws:dynamodb:${region}:${own}:table/anchor`
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${other}:root` },
    Action: 'dynamodb:*Item',
    Resource: tableArn,
  }
  const tableWith = (policy: object) => ({
    Anchor: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: 'anchor',
        AttributeDefinitions: [{ AttributeName: 'record', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'record', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        ...policy,
      },
    },
  })
  const ResourcePolicy = { PolicyDocument: { Version: '2012-10-17', Statement: [statement] } }
  const { reason, client } = await deployStack(aws, 'table', tableWith({ ResourcePolicy }))
  expect(reason).toBeUndefined()
  const dynamo = new DynamoDBClient(clientsOf(aws, other, 'admin').config)
  const put = (version: string, previous: string) =>
    dynamo.send(
      new PutItemCommand({
        TableName: tableArn,
        Item: { record: { S: 'votes' }, version: { N: version } },
        ConditionExpression: 'attribute_not_exists(#r) OR (#v = :previous AND NOT #v > :limit)',
        ExpressionAttributeNames: { '#r': 'record', '#v': 'version' },
        ExpressionAttributeValues: { ':previous': { N: previous }, ':limit': { N: '9' } },
      }),
    )
  await put('1', '0')
  await put('2', '1')
  await expect(put('2', '1')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
  const update = new UpdateItemCommand({
    TableName: tableArn,
    Key: { record: { S: 'votes' } },
    UpdateExpression: 'SET #v = :next',
    ExpressionAttributeNames: { '#v': 'version' },
    ExpressionAttributeValues: { ':next': { N: '10' } },
  })
  await dynamo.send(update)
  await expect(put('11', '10')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
  const get = new GetItemCommand({ TableName: tableArn, Key: { record: { S: 'votes' } }, ConsistentRead: true })
  expect((await dynamo.send(get)).Item?.version).toEqual({ N: '10' })
  await expect(new DynamoDBClient(clientsOf(aws, other, 'nobody').config).send(get)).rejects.toMatchObject({
    name: 'AccessDeniedException',
  })
  await expect(
    dynamo.send(new GetItemCommand({ TableName: 'anchor', Key: { record: { S: 'votes' } } })),
  ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  // A template without the policy takes it away.
  await client.send(
    new UpdateStackCommand({ StackName: 'table', TemplateBody: JSON.stringify({ Resources: tableWith({}) }) }),
  )
  await expect(dynamo.send(get)).rejects.toMatchObject({ name: 'AccessDeniedException' })
})

test('records go into zones of the own account, under their name', async () => {
  const route53 = new Route53Client(config())
  const change = (HostedZoneId: string, Name: string) =>
    new ChangeResourceRecordSetsCommand({
      HostedZoneId,
      ChangeBatch: {
        Changes: [
          {
            Action: 'UPSERT',
            ResourceRecordSet: { Name, Type: 'CNAME', TTL: 60, ResourceRecords: [{ Value: 'x.example.net' }] },
          },
        ],
      },
    })
  await route53.send(change(`Z${own}`, `api.${own}.example.com`))
  const { ResourceRecordSets } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: `Z${own}` }))
  expect(ResourceRecordSets).toMatchObject([{ Name: `api.${own}.example.com.`, Type: 'CNAME', TTL: 60 }])
  await expect(route53.send(change(`Z${own}`, 'api.example.org'))).rejects.toMatchObject({ name: 'InvalidChangeBatch' })
  await expect(route53.send(change(`Z${other}`, `api.${other}.example.com`))).rejects.toMatchObject({
    name: 'AccessDenied',
  })
})

test("a public parameter names the hosts' system image", async () => {
  const Name = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64'
  const { Parameter } = await new SSMClient(config()).send(new GetParameterCommand({ Name }))
  expect(Parameter?.Value).toMatch(/^ami-[0-9a-f]{17}$/)
})
