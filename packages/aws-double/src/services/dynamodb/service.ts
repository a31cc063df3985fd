import type {
  DeleteItemCommandInput,
  DescribeTableCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { only, type Service } from '../../service.ts'
import { tableFor } from './access.ts'
import { applyUpdate, holds, type Names } from './expression.ts'
import type { Item, Table } from './store.ts'

type Given = {
  readonly ExpressionAttributeNames?: Record<string, string> | undefined
  readonly ExpressionAttributeValues?: Record<string, unknown> | undefined
}

/** The model has checked that it is one. */
const asItem = (value: unknown): Item => value as Item

const namesOf = (input: Given): Names => ({
  names: input.ExpressionAttributeNames ?? {},
  values: (input.ExpressionAttributeValues ?? {}) as Names['values'],
})

/** The key of an item as text; the key attributes and nothing else must be there when `exact`. */
function keyOf(table: Table, item: Item, exact: boolean): string {
  const fits =
    table.keys.every(name => item[name] !== undefined) && (!exact || Object.keys(item).length === table.keys.length)
  if (!fits) throw new AwsError('ValidationException', 'The provided key element does not match the schema')
  return JSON.stringify(table.keys.map(name => item[name]))
}

function checkCondition(condition: string | undefined, item: Item | undefined, input: Given): void {
  if (condition === undefined || holds(condition, item, namesOf(input))) return
  throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed')
}

function getItem(input: GetItemCommandInput, call: Call) {
  only(input, ['ConsistentRead', 'Key', 'TableName'])
  const table = tableFor(call, input.TableName ?? '', 'dynamodb:GetItem')
  const found = table.items.get(keyOf(table, asItem(input.Key), true))
  return found ? { Item: found } : {}
}

function putItem(input: PutItemCommandInput, call: Call) {
  only(input, [
    'ConditionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'Item',
    'ReturnValuesOnConditionCheckFailure',
    'TableName',
  ])
  const table = tableFor(call, input.TableName ?? '', 'dynamodb:PutItem')
  const item = asItem(input.Item)
  const key = keyOf(table, item, false)
  checkCondition(input.ConditionExpression, table.items.get(key), input)
  table.items.set(key, item)
  return {}
}

function updateItem(input: UpdateItemCommandInput, call: Call) {
  only(input, [
    'ConditionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'Key',
    'ReturnValues',
    'TableName',
    'UpdateExpression',
  ])
  const table = tableFor(call, input.TableName ?? '', 'dynamodb:UpdateItem')
  const own = asItem(input.Key)
  const key = keyOf(table, own, true)
  const before = table.items.get(key)
  checkCondition(input.ConditionExpression, before, input)
  const after = applyUpdate(input.UpdateExpression ?? '', before ?? own, namesOf(input))
  table.items.set(key, { ...after, ...own })
  return input.ReturnValues === 'ALL_NEW' ? { Attributes: after } : {}
}

function deleteItem(input: DeleteItemCommandInput, call: Call) {
  only(input, ['ConditionExpression', 'ExpressionAttributeNames', 'ExpressionAttributeValues', 'Key', 'TableName'])
  const table = tableFor(call, input.TableName ?? '', 'dynamodb:DeleteItem')
  const key = keyOf(table, asItem(input.Key), true)
  checkCondition(input.ConditionExpression, table.items.get(key), input)
  table.items.delete(key)
  return {}
}

function describeTable(input: DescribeTableCommandInput, call: Call) {
  const table = tableFor(call, input.TableName ?? '', 'dynamodb:DescribeTable')
  return {
    Table: {
      TableName: table.name,
      TableArn: table.arn,
      TableStatus: 'ACTIVE',
      DeletionProtectionEnabled: table.deletionProtection,
      KeySchema: table.keys.map((name, index) => ({ AttributeName: name, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
      ItemCount: table.items.size,
    },
  }
}

export const dynamodb: Service = {
  name: 'dynamodb',
  protocol: 'json',
  json: { version: '1.0', target: 'DynamoDB_20120810', errors: 'com.amazonaws.dynamodb.v20120810' },
  client: () => import('@aws-sdk/client-dynamodb'),
  operations: {
    DeleteItem: deleteItem,
    DescribeTable: describeTable,
    GetItem: getItem,
    PutItem: putItem,
    UpdateItem: updateItem,
  },
}
