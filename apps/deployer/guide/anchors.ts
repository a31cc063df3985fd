import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { NODE_INDEXES, type NodeIndex } from '../src/model.ts'
import { anchorTableName, roleNames } from '../src/names.ts'
import { anchorTableArn } from '../src/stacks/anchor-rights.ts'
import { withRole } from './people.ts'
import type { World } from './world.ts'

/** The node whose host is replaced. */
const NODE = 1
const HOST = `node${NODE}`
const Key = { record: { S: 'votes' } }

type Say = (line: string) => void

type Item = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What the anchors' tables are for, shown while the vault is founded, and on the founded vault. */
export function anchorProof(world: World, say: Say) {
  let old: ReadonlyMap<string, Item> | undefined
  return {
    /** Once the vault is sealed, and before it does more. */
    async replaceHost(): Promise<void> {
      old = new Map(rowsOf(world, NODE))
      await replaceHost(world, say)
    },
    /** At the end: a node does not vote again after this. */
    async refuseOthers(): Promise<void> {
      await refuseStrangers(world, say)
      if (old === undefined) throw new Error('there are no rows of before')
      await refuseOldRow(world, old, say)
    },
  }
}

/** Neither the infrastructure admin nor a host comes to a node's rows. Throws Error for who does. */
async function refuseStrangers(world: World, say: Say): Promise<void> {
  const { deployment, aws } = world
  const { wallet, policyNodes } = deployment.accounts
  for (const node of NODE_INDEXES) {
    const TableName = anchorTableArn(deployment, node)
    const Item = { ...Key, version: { N: '0' } }
    const read = new GetItemCommand({ TableName, Key })
    const UpdateExpression = 'SET #version = :version'
    const writes = [
      new PutItemCommand({ TableName, Item }),
      new DeleteItemCommand({ TableName, Key }),
      new UpdateItemCommand({
        ...{ TableName, Key, UpdateExpression, ExpressionAttributeNames: { '#version': 'version' } },
        ExpressionAttributeValues: { ':version': { N: '0' } },
      }),
    ]
    for (const who of ['administrator', ...NODE_INDEXES.map(host => roleNames.nitroHost(deployment, host))]) {
      const credentials = aws.credentialsFor(wallet, who)
      const client = new DynamoDBClient({
        region: deployment.region,
        endpoint: aws.endpoint,
        credentials,
        maxAttempts: 1,
      })
      // Its own account reads a table; no policy of ours could keep that from its administrator.
      const own = who === 'administrator' && policyNodes[node] === wallet
      for (const command of own ? writes : [read, ...writes]) {
        const outcome = await client.send(command as PutItemCommand).then(
          () => 'let in',
          (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
        )
        if (outcome !== 'AccessDeniedException')
          throw new Error(`${who} of ${wallet}, ${command.constructor.name} on ${TableName}: ${outcome}`)
      }
      client.destroy()
    }
  }
  say('    the infrastructure admin and the hosts’ roles are denied every write of an anchor')
}

/** The rows of a node as they are at this moment. */
const rowsOf = ({ aws, deployment }: World, node: NodeIndex) => {
  const table = aws.world.dynamodb.tables.get(anchorTableArn(deployment, node))
  if (table === undefined) throw new Error(`there is no table ${anchorTableName(deployment, node)}`)
  return table.items
}

const versionOf = (world: World, node: NodeIndex): number => {
  const votes = [...rowsOf(world, node).values()].find(({ record }) => record?.S === 'votes')
  return Number(votes?.version?.N ?? -1)
}

/** The newest thing that a node said about itself when it opened its log, after `from` characters of what it had logged. */
async function openedAfter(world: World, from: number): Promise<{ phase: string }> {
  for (let tries = 0; tries < 300; tries++) {
    const line = world.machines
      .logOf(HOST)
      .slice(from)
      .split('\n')
      .find(text => text.includes('certified log opened'))
    if (line !== undefined) return JSON.parse(line) as { phase: string }
    await sleep(100)
  }
  throw new Error(`${HOST} does not open its log: ${world.machines.logOf(HOST).slice(-1000)}`)
}

const hostsOf = ({ aws }: World): Map<string, string> =>
  new Map([...aws.world.ec2.instances.values()].map(({ id, tags }) => [tags.Name?.split('-').at(-1) ?? '', id]))

/**
 * The infrastructure admin changes a conf file and deploys: the node's host is replaced, the others stay. The new one begins with
 * an empty disk and goes on with the votes of the old one. Throws Error when it does not.
 */
async function replaceHost(world: World, say: Say): Promise<void> {
  const admin = withRole(world, 'infrastructure-admin')
  const [before, hosts, from] = [versionOf(world, NODE), hostsOf(world), world.machines.logOf(HOST).length]
  if (before < 1) throw new Error(`${HOST} has no vote record in its table`)
  appendFileSync(join(admin.dir, 'conf', `${HOST}.json`), '\n')
  const { code, output } = await admin.run('make deploy-nitro-nodes\n')
  if (code !== 0) throw new Error(`deploy-nitro-nodes: ${output}`)
  const changed = [...hostsOf(world)].filter(([name, id]) => hosts.get(name) !== id).map(([name]) => name)
  if (changed.join() !== HOST) throw new Error(`${changed.join(', ')} were replaced, not ${HOST} alone`)
  const { phase } = await openedAfter(world, from)
  const after = versionOf(world, NODE)
  if (phase !== 'voting' || after < before)
    throw new Error(`the new ${HOST} is ${phase}, its record ${after}, was ${before}`)
  say(`    ${HOST} has a new host, and votes on with its record ${after}`)
}

/** A table of yesterday: the node notices that it has voted since, and votes no more. Throws Error when it does. */
async function refuseOldRow(world: World, old: ReadonlyMap<string, Item>, say: Say): Promise<void> {
  const newest = versionOf(world, NODE)
  const from = world.machines.logOf(HOST).length
  const items = rowsOf(world, NODE)
  items.clear()
  for (const [key, item] of old) items.set(key, item)
  if (versionOf(world, NODE) >= newest) throw new Error(`${HOST} did not vote since the snapshot`)
  await world.machines.restartHost(HOST)
  const { phase } = await openedAfter(world, from)
  if (phase !== 'restored') throw new Error(`with an old vote record ${HOST} is ${phase}`)
  say(`    an old row in the table of ${HOST} is noticed, and it votes no more`)
}
