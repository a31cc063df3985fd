import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { equalBytes } from '@trivault/codec'
import { type AnchorAccess, firstAnchorItem } from '@trivault/node-core'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { NodeIndex } from '../model.ts'
import { anchorHost, anchorTableName } from '../names.ts'
import type { AccessKey } from './anchor-user.ts'

/** What the core needs to reach its anchor: it is sealed into the node's secret. Throws DeployerError bad-config. */
export async function anchorAccess(context: Context, node: NodeIndex, key: AccessKey): Promise<AnchorAccess> {
  const deployment = context.deployment()
  const authority = await otherAuthority(context)
  return {
    region: deployment.region,
    host: anchorHost(deployment),
    table: anchorTableName(deployment, node),
    ...key,
    ...(authority !== undefined && { authority }),
  }
}

/** A vault whose DynamoDB is not AWS's own, as in tests, names its authority; otherwise the core trusts Amazon's. */
async function otherAuthority({ environment, cwd, out }: Context): Promise<Uint8Array | undefined> {
  const path = environment.TRIVAULT_ANCHOR_AUTHORITY
  if (!path) return undefined
  try {
    const certificate = new X509Certificate(await readFile(resolve(cwd, path)))
    out.warn(
      `the node will trust ${certificate.subject} for its anchor, and not Amazon: TRIVAULT_ANCHOR_AUTHORITY is set`,
    )
    return new Uint8Array(certificate.raw)
  } catch (cause) {
    throw new DeployerError(
      'bad-config',
      `TRIVAULT_ANCHOR_AUTHORITY: ${path} is not a certificate in PEM`,
      'unset it: the anchor of a vault in AWS is behind the authorities of Amazon',
      { cause, place: { file: path } },
    )
  }
}

/** Throws DeployerError missing-file, or conflict when the table has a vote record: it is not that of a secret still to be made. */
export async function checkAnchorUnused(context: Context, node: NodeIndex): Promise<void> {
  const table = anchorTableName(context.deployment(), node)
  if ((await readVotes(context, node)) === undefined) return
  throw new DeployerError(
    'conflict',
    `the table ${table} has a vote record, and Policy Node ${node} has no secret: it is that of a secret that is gone`,
    `if no vault was founded with it, end this node as \`make decommission\` says, delete what stays of its stack, then run \`make deploy-policy-node${node}-long-lived\` again`,
  )
}

/**
 * Writes the first row where there is none, with the access key of the table's own user: nobody else can, and it shows that the key
 * works. A row that the node has written since stays. Throws DeployerError conflict for the first row of another secret.
 */
export async function writeFirstRow(context: Context, node: NodeIndex, key: AccessKey, row: Uint8Array): Promise<void> {
  const sdk = await import('@aws-sdk/client-dynamodb')
  const client = context.aws.client(sdk.DynamoDBClient, undefined, key)
  const table = anchorTableName(context.deployment(), node)
  const put = new sdk.PutItemCommand({
    TableName: table,
    Item: { ...firstAnchorItem(row) },
    ConditionExpression: 'attribute_not_exists(#record)',
    ExpressionAttributeNames: { '#record': 'record' },
  })
  try {
    await onceKnown(() => client.send(put))
  } catch (cause) {
    if (!(cause instanceof sdk.ConditionalCheckFailedException)) throw cause
    const there = await readVotes(context, node)
    if (there?.version?.N !== '0' || equalBytes(there.row?.B ?? new Uint8Array(), row)) return
    throw new DeployerError(
      'conflict',
      `the table ${table} has the first row of another secret`,
      'see in CloudTrail who wrote it; a node with this secret does not start with that row',
      { cause },
    )
  } finally {
    client.destroy()
  }
}

/** Throws DeployerError missing-file. */
async function readVotes(context: Context, node: NodeIndex): Promise<Record<string, AttributeValue> | undefined> {
  const { DynamoDBClient, GetItemCommand, ResourceNotFoundException } = await import('@aws-sdk/client-dynamodb')
  const client = context.aws.client(DynamoDBClient)
  const TableName = anchorTableName(context.deployment(), node)
  const Key = { record: { S: 'votes' } }
  try {
    return (await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item
  } catch (cause) {
    if (!(cause instanceof ResourceNotFoundException)) throw cause
    throw new DeployerError(
      'missing-file',
      `there is no table ${TableName} in this account`,
      `run \`make deploy-policy-node${node}-long-lived\` first`,
      { cause },
    )
  }
}

const NEW_KEY_MS = 60_000
const AGAIN_MS = 2_000

/** Tries until AWS knows a key that was made a moment ago everywhere. */
export async function onceKnown<T>(work: () => Promise<T>, again = AGAIN_MS, within = NEW_KEY_MS): Promise<T> {
  const end = performance.now() + within
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const name = error instanceof Error ? error.name : ''
      if (!/^(UnrecognizedClient|InvalidClientTokenId)/.test(name) || performance.now() + again > end) throw error
    }
    await sleep(again)
  }
}
