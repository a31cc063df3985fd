import { readFile } from 'node:fs/promises'
import { fromHex, parseJson, toHex } from '@trivault/codec'
import {
  type AdminOrder,
  type AdminStatements,
  adminStatementsJson,
  foundingEpochJson,
  type Genesis,
  noStatements,
  signOrder,
  vaultIdOf,
  withOrder,
} from '@trivault/protocol'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { NodeIndex } from '../model.ts'
import { type Partition, readPartition, signedPins, writePartition } from './partition.ts'
import { openStore } from './store.ts'
import { openSigner } from './stored-secret.ts'

/** What a node's admin can order beside the pins; without any of them what is signed is shown. */
export interface OrderFlags {
  /** File of the new owners. */
  readonly foundingEpoch?: string
  /** Newest entry of both peers, `SEQ:HASH`. */
  readonly recreate?: string
  /** Quarantined peer and what is held against it, `PEER:HASH`. */
  readonly release?: string
  readonly withdraw?: string
}

const withdrawable: ReadonlyMap<string, keyof AdminStatements> = new Map([
  ['founding-epoch', 'foundingEpoch'],
  ['recreate', 'recreate'],
  ['release', 'releases'],
])

/**
 * Signs an order to a node with its admin's key and puts it into the node's partition, from where its host takes it at the next
 * start. Throws DeployerError.
 */
export async function orderNode(context: Context, index: NodeIndex, flags: OrderFlags): Promise<void> {
  const change = await changeOf(context, flags)
  const deployment = context.deployment()
  const store = await openStore(context)
  const { card, signer } = await openSigner(context, store, index)
  const partition = await readPartition(store, deployment, index)
  const pins = signedPins(partition, index, signer.adminKey)
  if (pins === undefined)
    throw new DeployerError(
      'missing-file',
      `Policy Node ${index} has no pins yet: an order is for one vault`,
      `run \`make pin-peers-policy-node${index}\` first`,
    )
  const { out, flags: how } = context
  if (change === undefined) return out.result(json(partition.statements), shown(partition.statements, index))
  out.say(change.words(pins, index))
  if (how.dryRun) return out.result(json(partition.statements), 'nothing was signed (--dry-run)')
  if (!(await context.confirm('Sign this? Your node carries it out.')))
    throw new DeployerError('declined', 'nothing was signed', 'compare it with the other admins, then run it again')
  const sign = (order: AdminOrder) => signOrder(signer, pins, index, order)
  const statements = await change.apply(partition.statements, sign)
  const next: Partition = { ...partition, card, statements }
  await writePartition(store, deployment, index, next)
  out.result(json(statements), `${shown(statements, index)}\n${takesEffect(index)}`)
}

interface Change {
  readonly words: (pins: Genesis, index: NodeIndex) => string
  readonly apply: (
    statements: AdminStatements,
    sign: (order: AdminOrder) => Promise<Uint8Array>,
  ) => Promise<AdminStatements>
}

/** Throws DeployerError usage, bad-config. */
async function changeOf(context: Context, flags: OrderFlags): Promise<Change | undefined> {
  const { withdraw, ...orders } = flags
  const given = Object.values(flags).filter(value => value !== undefined)
  if (given.length > 1)
    throw new DeployerError(
      'usage',
      'these are several orders',
      'give one at a time: each is asked for and signed alone',
    )
  if (withdraw !== undefined) return withdrawal(withdraw)
  const order = await orderOf(context, orders)
  if (order === undefined) return undefined
  return {
    words: (pins, index) =>
      [`vault ${toHex(vaultIdOf(pins))}, Policy Node ${index}:`, ...wordsOf(order).map(line => `  ${line}`)].join('\n'),
    apply: async (statements, sign) => withOrder(statements, order, await sign(order)),
  }
}

function withdrawal(kind: string): Change {
  const member = withdrawable.get(kind)
  if (member === undefined)
    throw new DeployerError('usage', `--withdraw ${kind}`, `one of ${[...withdrawable.keys()].join(', ')}`)
  return {
    words: (_, index) => `withdrawn from Policy Node ${index}: ${kind} (what it has carried out stays)`,
    apply: async statements => ({ ...statements, [member]: noStatements[member] }),
  }
}

async function orderOf(
  context: Context,
  { foundingEpoch, recreate, release }: Omit<OrderFlags, 'withdraw'>,
): Promise<AdminOrder | undefined> {
  if (foundingEpoch !== undefined)
    return { type: 'founding-epoch', ...(await readFoundingEpoch(context, foundingEpoch)) }
  if (recreate !== undefined) {
    const [seq, hash] = pairOf(
      'recreate',
      recreate,
      /^(\d{1,15}):([0-9a-f]{64})$/,
      'SEQ:HASH, number and hash of the newest entry of both peers',
    )
    return { type: 'recreate', seq: Number(seq), hash: fromHex(hash), time: context.clock() }
  }
  if (release !== undefined) {
    const [peer, quarantine] = pairOf(
      'release',
      release,
      /^([012]):([0-9a-f]{64})$/,
      'PEER:HASH, as the node told them',
    )
    return { type: 'release', peer: Number(peer), quarantine: fromHex(quarantine) }
  }
  return undefined
}

function pairOf(option: string, value: string, pattern: RegExp, form: string): [string, string] {
  const [, first, second] = pattern.exec(value) ?? []
  if (first !== undefined && second !== undefined) return [first, second]
  throw new DeployerError('usage', `--${option} ${value} is not ${form}`, `give --${option} ${form}`)
}

async function readFoundingEpoch(context: Context, file: string) {
  try {
    return foundingEpochJson.read(parseJson(await readFile(context.file(file), 'utf8')))
  } catch (cause) {
    throw new DeployerError(
      'bad-config',
      `no founding epoch: ${cause instanceof Error ? cause.message : 'not readable'}`,
      'write {"epoch":1,"owners":[{"id":"…","name":"…"}],"required":2}, the same file at all three node admins',
      { cause, place: { file } },
    )
  }
}

function wordsOf(order: AdminOrder): string[] {
  switch (order.type) {
    case 'pins':
      return ['pins']
    case 'founding-epoch':
      return [
        `founding epoch ${order.epoch}: ${order.required} of these owners decide`,
        ...order.owners.map(({ id, name, key }) => `  ${name}, ${id}${key === undefined ? '' : `, key ${toHex(key)}`}`),
      ]
    case 'recreate':
      return [
        `a new vote record at entry ${order.seq} ${toHex(order.hash)}, both peers' newest`,
        `  in the place of one that is lost, or older than ${new Date(order.time).toISOString()}`,
      ]
    case 'release':
      return [`peer ${order.peer} is no longer quarantined for ${toHex(order.quarantine)}`]
  }
}

function shown({ foundingEpoch, recreate, releases }: AdminStatements, index: NodeIndex): string {
  const orders: AdminOrder[] = [
    ...(foundingEpoch ? [{ type: 'founding-epoch' as const, ...foundingEpoch.order }] : []),
    ...(recreate ? [{ type: 'recreate' as const, ...recreate.order }] : []),
    ...releases.map(({ order }) => ({ type: 'release' as const, ...order })),
  ]
  if (orders.length === 0) return `Policy Node ${index} has signed pins and no further orders`
  return [`signed for Policy Node ${index}:`, ...orders.flatMap(wordsOf).map(line => `  ${line}`)].join('\n')
}

const json = (statements: AdminStatements): unknown => JSON.parse(adminStatementsJson.write(statements))

const takesEffect = (index: NodeIndex): string =>
  `The node takes it when its host process starts again: ask the infrastructure admin to restart the host of Policy Node ${index}.`
