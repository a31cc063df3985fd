import { type IIoHost, StackParameters, StackSelectionStrategy, Toolkit } from '@aws-cdk/toolkit-lib'
import { type AwsDouble, startAwsDouble } from '@trivault/aws-double'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Deployment } from '../../src/model.ts'
import { rolesOf } from '../../src/roles.ts'
import { adminPolicy } from '../../src/separation/admin-policy.ts'
import { buildApp, everyStack, type StackRequest } from '../../src/stacks/index.ts'
import { inTemporaryDirectory } from '../../src/temporary.ts'
import { loadFixture } from '../fixtures/index.ts'
import { type Layout, layouts, releaseInputs } from '../stacks/layouts.ts'

// Stacks alone, each by its account's admins with no more than admin-policy gives, in orders that the admins might choose.

let aws: AwsDouble | undefined
afterEach(async () => {
  vi.unstubAllEnvs()
  await aws?.stop()
})

const accountsOf = ({ accounts }: Deployment) => [
  ...new Set([accounts.wallet, ...accounts.policyNodes, accounts.approverApp]),
]

function start(deployment: Deployment): Promise<AwsDouble> {
  const { zones, accounts, region } = deployment
  const zonesOf = (account: string) => [
    ...(account === accounts.wallet ? [zones.wallet] : []),
    ...(account === accounts.approverApp && zones.approverApp.id !== zones.wallet.id ? [zones.approverApp] : []),
  ]
  return startAwsDouble({
    region,
    accounts: accountsOf(deployment).map(id => ({
      id,
      users: { admin: rolesOf(deployment, id).map(role => adminPolicy(deployment, role)) },
      zones: zonesOf(id),
    })),
  })
}

function accountOf({ accounts }: Deployment, request: StackRequest): string {
  if (request.kind === 'baseline') return request.account
  if (request.kind === 'policy-node-long-lived') return accounts.policyNodes[request.node]
  return request.kind === 'approver-app' ? accounts.approverApp : accounts.wallet
}

async function deploy(double: AwsDouble, deployment: Deployment, request: StackRequest): Promise<void> {
  const environment = double.environmentFor(accountOf(deployment, request), 'admin')
  for (const [name, value] of Object.entries({ ...environment, CDK_VALIDATION: 'false' })) vi.stubEnv(name, value)
  const ioHost: IIoHost = {
    notify: async () => undefined,
    requestResponse: async ({ defaultResponse }) => defaultResponse,
  }
  const toolkit = new Toolkit({ ioHost, color: false, emojis: false })
  await inTemporaryDirectory(async directory => {
    buildApp(deployment, [request], directory).synth()
    const source = await toolkit.fromAssemblyDirectory(directory)
    const parameters = request.kind === 'nitro-nodes' ? { HostImageId: 'ami-0a1b2c3d4e5f60718' } : {}
    await toolkit.deploy(source, {
      stacks: { strategy: StackSelectionStrategy.ALL_STACKS },
      parameters: StackParameters.exactly(parameters),
    })
  })
}

const orders: readonly (readonly [string, (stacks: StackRequest[]) => StackRequest[]])[] = [
  ['baselines first', stacks => stacks],
  ['the last admin first', stacks => stacks.toReversed()],
  ['nodes before everything', stacks => stacks.toSorted(({ kind }) => (kind === 'policy-node-long-lived' ? -1 : 1))],
]

describe.each<Layout>([...layouts])('layout %s', layout => {
  it.each(orders)('long-lived stacks and sites, %s', async (_, ordered) => {
    const deployment = loadFixture(layout)
    aws = await start(deployment)
    // What runs needs images and secrets, which other steps bring.
    const independent = everyStack(deployment, releaseInputs(deployment)).filter(
      ({ kind }) => kind !== 'wallet' && kind !== 'nitro-nodes',
    )
    for (const request of ordered(independent)) await deploy(aws, deployment, request)
    const stacks = [...aws.world.cloudformation.stacks.values()]
    expect(stacks.map(({ status }) => status)).toEqual(independent.map(() => 'CREATE_COMPLETE'))
    const hosts = everyStack(deployment, releaseInputs(deployment)).filter(({ kind }) => kind === 'nitro-nodes')
    for (const request of hosts) await deploy(aws, deployment, request)
    expect(aws.world.ec2.instances.size).toBe(3)
  })
})
