import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { NODE_INDEXES, type NodeIndex, type PcrSet } from '../model.ts'
import { stackNames } from '../names.ts'
import { deployedPcrs } from './deployed-pcrs.ts'
import { stackStep, tellStacks } from './run-stacks.ts'
import type { DeployedStack } from './toolkit.ts'

export async function deployBaseline(context: Context): Promise<void> {
  const { account } = await context.caller()
  const done: DeployedStack[] = []
  const request = { kind: 'baseline', account } as const
  await context.out.steps([stackStep(context, { title: `Baseline of account ${account}`, request }, done)])
  tellStacks(context, done)
}

export async function deployWalletLongLived(context: Context): Promise<void> {
  const done: DeployedStack[] = []
  const request = { kind: 'wallet-long-lived' } as const
  await context.out.steps([
    stackStep(
      context,
      { title: 'Network, database, certificate (the first time takes about 20 minutes)', request },
      done,
    ),
  ])
  tellStacks(context, done)
}

export interface NodeFlags {
  /** Ends the time in which the image before this one may still have the key. */
  readonly dropPrevious?: boolean
}

export async function deployPolicyNodes(
  context: Context,
  nodes: readonly NodeIndex[],
  flags: NodeFlags,
): Promise<void> {
  const done: DeployedStack[] = []
  const next: string[] = []
  const plans = await Promise.all(nodes.map(async node => ({ node, ...(await planPcrs(context, node, flags)) })))
  for (const { node, previous } of plans)
    if (previous !== undefined)
      next.push(
        `Policy Node ${node}: the key answers the image before this one too (PCR0 ${previous.PCR0.slice(0, 16)}…). ` +
          `Once the node runs the new one: make deploy-policy-node${node}-long-lived ARGS=--drop-previous`,
      )
  await context.out.steps(
    plans.map(({ node, pcrs }) =>
      stackStep(
        context,
        {
          title: `Key, secret and anchor of Policy Node ${node}`,
          request: { kind: 'policy-node-long-lived', node, pcrs },
        },
        done,
      ),
    ),
  )
  tellStacks(context, done, next)
}

/** The nodes whose account is the caller's; the others are named and left to their admins. */
export async function deployAllPolicyNodes(context: Context, flags: NodeFlags): Promise<void> {
  const { account } = await context.caller()
  const { policyNodes } = context.deployment().accounts
  const own = NODE_INDEXES.filter(node => policyNodes[node] === account)
  for (const node of NODE_INDEXES)
    if (!own.includes(node))
      context.out.say(
        `Policy Node ${node} is in account ${policyNodes[node]}: skipped, its admin runs make deploy-policy-node${node}-long-lived`,
      )
  if (own.length === 0) {
    tellStacks(context, [])
    return
  }
  await deployPolicyNodes(context, own, flags)
}

/** The measurements of pcr.json; while a node still runs the image before, that one keeps the key too. */
async function planPcrs(
  context: Context,
  node: NodeIndex,
  { dropPrevious }: NodeFlags,
): Promise<{ pcrs: PcrSet[]; previous?: PcrSet }> {
  const { readPulledPcrs } = await import('../delivery/enclave.ts')
  const current = readPulledPcrs(context)
  const deployed = await deployedPcrs(context, stackNames.policyNodeLongLived(context.deployment(), node))
  const others = deployed.filter(set => JSON.stringify(set) !== JSON.stringify(current))
  if (dropPrevious || others.length === 0) return { pcrs: [current] }
  if (others.length > 1)
    throw new DeployerError(
      'refused',
      `the key of Policy Node ${node} answers two other images already`,
      'finish the upgrade before: run the same command with --drop-previous once the node runs the newer one',
    )
  const [previous] = others
  return previous === undefined ? { pcrs: [current] } : { pcrs: [previous, current], previous }
}
