import { createClient } from '@trivault/client'
import type { Context } from '../context.ts'
import type { Finding } from '../findings.ts'
import { clusterName, logGroupName, serviceName } from '../names.ts'
import { fail, ok, warn } from './findings.ts'

const services = ['broker', 'wallet'] as const

export interface ServiceCounts {
  readonly desired: number
  readonly running: number
  /** The newest line that ECS wrote about it. */
  readonly event?: string
}

/** @param counts undefined when there is no such service */
export function serviceFinding(
  service: (typeof services)[number],
  counts: ServiceCounts | undefined,
  logGroup: string,
): Finding {
  const check = `service ${service}`
  if (counts === undefined) return fail(check, 'is not there', 'make deploy-wallet')
  const { desired, running, event } = counts
  if (desired === 0)
    return fail(check, 'is not started (count 0)', service === 'wallet' ? 'make start-wallet' : 'make deploy-wallet')
  if (running === desired) return ok(check, `${running} of ${desired} running`)
  return fail(check, `${running} of ${desired} running${event ? `: ${event}` : ''}`, `read the log group ${logGroup}`)
}

/** Of the wallet account. */
export async function checkServices(context: Context): Promise<Finding[]> {
  const deployment = context.deployment()
  const { DescribeServicesCommand, ECSClient } = await import('@aws-sdk/client-ecs')
  const names = services.map(service => serviceName(deployment, service))
  const command = new DescribeServicesCommand({ cluster: clusterName(deployment), services: names })
  const found = await context.aws
    .client(ECSClient)
    .send(command)
    .then(
      answer => answer.services ?? [],
      (error: unknown) => {
        if (error instanceof Error && error.name === 'ClusterNotFoundException') return []
        throw error
      },
    )
  return services.map((service, index) => {
    const one = found.find(({ serviceName: name, status }) => name === names[index] && status !== 'INACTIVE')
    const event = one?.events?.[0]?.message
    const counts = one && { desired: one.desiredCount ?? 0, running: one.runningCount ?? 0, ...(event && { event }) }
    return serviceFinding(service, counts, logGroupName(deployment, 'services'))
  })
}

/** What the wallet's API tells everybody. */
export async function checkApi(api: string): Promise<Finding[]> {
  const client = createClient({ baseUrl: api })
  const remedy = 'make doctor; the service’s lines are in its log group'
  try {
    const { Healthy } = await client.call('health')
    if (!Healthy) return [fail('wallet', `${api} says that it is not healthy`, remedy)]
  } catch (error) {
    return [fail('wallet', `${api} does not answer: ${words(error)}`, remedy)]
  }
  const ready = await client.call('ready').then(
    ({ Healthy }) => Healthy,
    () => false,
  )
  return [
    ready
      ? ok('wallet', `${api} is healthy and ready`)
      : fail('wallet', `${api} is healthy, not ready`, 'wait a minute; then the states of the nodes tell why'),
  ]
}

/** The innermost reason: what wraps it says only that something failed. */
const words = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error
    ? words(error.cause)
    : error instanceof Error
      ? error.message
      : String(error)

export interface NodeState {
  readonly Index: number
  readonly Online: boolean
  readonly State?: string | undefined
}

/** All three must vote: with two of them nothing is signed. */
export function nodeFindings(nodes: readonly NodeState[]): Finding[] {
  return nodes.map(({ Index, Online, State = 'unknown' }) => {
    const check = `Policy Node ${Index}`
    if (!Online)
      return fail(check, 'is offline', 'see its host’s log group, and that it reaches broker, database and KMS')
    return State === 'voting' ? ok(check, State) : fail(check, State, 'docs/operations.md says what this state means')
  })
}

/** Needs an API key: who may not read the vault does not see its nodes. */
export async function checkNodes(context: Context, api: string): Promise<Finding[]> {
  const apiKey = context.settings.get('WALLET_API_KEY')
  if (apiKey === undefined)
    return [warn('Policy Nodes', 'their states were not asked for', 'export WALLET_API_KEY (any key that may read)')]
  const { Nodes, Sealed } = await createClient({ baseUrl: api, apiKey }).call('trivaultNodes')
  const sealed = Sealed
    ? []
    : [warn('vault', 'is not sealed: nothing is signed for a chain yet', 'the founders pair their devices and seal it')]
  return [...nodeFindings(Nodes), ...sealed]
}
