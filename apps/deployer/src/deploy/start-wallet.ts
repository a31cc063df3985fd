import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { clusterName, logGroupName, secretId, secretNames, serviceName, stackNames } from '../names.ts'
import { COUNT_PARAMETER, HEALTH_PATH } from '../stacks/index.ts'
import { readStack, settle, sleep } from './stack-state.ts'
import { watchTasks } from './stopped-tasks.ts'

const POLL_MS = 3_000
const HEALTHY_WITHIN_MS = 10 * 60_000

/** From count 0 to 1, and nothing else; then waits until the API answers. Throws DeployerError missing-file, failed, unreachable. */
export async function startWallet(context: Context): Promise<void> {
  const deployment = context.deployment()
  const name = stackNames.wallet(deployment)
  await settle(context, name, deployment.region)
  const count = (await readStack(context, name))?.parameters[COUNT_PARAMETER]
  if (count === undefined)
    throw new DeployerError('missing-file', `there is no stack ${name}`, 'run `make deploy-wallet` first')
  const api = `https://${deployment.hosts.api}`
  if (count !== '0') {
    const text = `${COUNT_PARAMETER} is ${count} already: nothing to start. To apply configuration, run make deploy-wallet.`
    context.out.result({ started: false, count: Number(count), api }, text)
    return
  }
  if (context.flags.dryRun) {
    context.out.result({ started: false, dryRun: true, count: 0, api }, `would set ${COUNT_PARAMETER} from 0 to 1`)
    return
  }
  const check = await watchTasks(context, 'wallet')
  await context.out.steps([
    { title: `${COUNT_PARAMETER}=1`, run: tell => setCount(context, name, tell, check) },
    { title: `Wallet answers at ${api}`, run: tell => healthy(context, api, tell, check) },
  ])
  context.out.result({ started: true, count: 1, api, console: `https://${deployment.hosts.console}` }, signIn(context))
}

type Tell = (progress: string) => void
type Check = () => Promise<void>

async function setCount(context: Context, name: string, tell: Tell, check: Check): Promise<string> {
  const { CloudFormationClient, UpdateStackCommand } = await import('@aws-sdk/client-cloudformation')
  await context.aws.client(CloudFormationClient).send(
    new UpdateStackCommand({
      StackName: name,
      UsePreviousTemplate: true,
      Parameters: [{ ParameterKey: COUNT_PARAMETER, ParameterValue: '1' }],
      Capabilities: ['CAPABILITY_NAMED_IAM'],
    }),
  )
  await settle(context, name, context.deployment().region, progress => {
    tell(progress)
    return check()
  })
  const after = await readStack(context, name)
  if (after?.status === 'UPDATE_COMPLETE' && after.parameters[COUNT_PARAMETER] === '1') return 'running'
  await check()
  throw new DeployerError(
    'failed',
    `the wallet did not start: the stack is ${after?.status ?? 'gone'}`,
    `read its lines in the log group ${logGroupName(context.deployment(), 'services')} (stream wallet), remove the cause, then make start-wallet`,
  )
}

/** ECS counts the task as healthy once the load balancer does; then the public name must answer too. */
async function healthy(context: Context, api: string, tell: Tell, check: Check): Promise<string> {
  const deployment = context.deployment()
  const { DescribeServicesCommand, ECSClient } = await import('@aws-sdk/client-ecs')
  const client = context.aws.client(ECSClient)
  const command = new DescribeServicesCommand({
    cluster: clusterName(deployment),
    services: [serviceName(deployment, 'wallet')],
  })
  const deadline = context.clock() + HEALTHY_WITHIN_MS
  let reason = 'no answer yet'
  while (context.clock() < deadline) {
    const [service] = (await client.send(command)).services ?? []
    const answer = service?.runningCount === 1 ? await ask(`${api}${HEALTH_PATH}`) : 'no wallet task runs yet'
    if (answer === undefined) return 'healthy'
    await check()
    reason = service?.events?.[0]?.message && service.runningCount !== 1 ? service.events[0].message : answer
    tell(reason)
    await sleep(context, POLL_MS)
  }
  throw new DeployerError(
    'unreachable',
    `the wallet is not healthy after ${HEALTHY_WITHIN_MS / 60_000} minutes: ${reason}`,
    'run `make doctor`; when it is healthy there is nothing left to do here',
  )
}

/** Undefined when healthy, else why not. */
async function ask(url: string): Promise<string | undefined> {
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: 'error' })
    return status === 200 ? undefined : `${url} answers ${status}`
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    return `${url} does not answer: ${cause}`
  }
}

function signIn(context: Context): string {
  const deployment = context.deployment()
  const { hosts } = deployment
  return `The wallet runs.
Its bootstrap Admin API key is in the secret ${secretId(deployment, secretNames.bootstrapKey)} (step 16 of the guide says how to use it).
After make bootstrap-policies-and-users people sign in at https://${hosts.console} and pair their devices at https://${hosts.approverApp}.`
}
