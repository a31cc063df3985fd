import type { Context } from '../context.ts'
import { readStack } from '../deploy/stack-state.ts'
import type { Finding } from '../findings.ts'
import { attempted, report } from './findings.ts'
import { checkSecrets } from './secrets.ts'
import { checkApi, checkNodes, checkServices } from './services.ts'
import { expectedStacks, stackFinding } from './stacks.ts'

/** What this account can see of the environment, and the public API. */
export async function statusFindings(context: Context): Promise<Finding[]> {
  const deployment = context.deployment()
  const { account } = await context.caller()
  const api = `https://${deployment.hosts.api}`
  const findings = await Promise.all([
    ...expectedStacks(deployment, account).map(stack =>
      attempted(`stack ${stack.name}`, async () => [
        stackFinding(stack, (await readStack(context, stack.name, stack.region))?.status),
      ]),
    ),
    attempted('secrets', () => checkSecrets(context, account)),
    ...(account === deployment.accounts.wallet ? [attempted('services', () => checkServices(context))] : []),
    attempted('wallet', () => checkApi(api)),
    attempted('Policy Nodes', () => checkNodes(context, api)),
  ])
  return findings.flat()
}

/** `make status`: exit 0 when healthy, else 1 and what is not. */
export async function status(context: Context): Promise<void> {
  report(context, 'status', await statusFindings(context))
}
