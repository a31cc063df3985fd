import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { clusterName, logGroupName, stackNames, taskFamily } from '../names.ts'
import { readStack, sleep } from './stack-state.ts'

const POLL_MS = 2_000

/** Runs the task that makes the databases and roles of wallet and nodes, where they are missing. Throws DeployerError failed. */
export async function setUpDatabases(context: Context): Promise<string> {
  const deployment = context.deployment()
  const { DescribeTasksCommand, ECSClient, RunTaskCommand } = await import('@aws-sdk/client-ecs')
  const client = context.aws.client(ECSClient)
  const cluster = clusterName(deployment)
  const { tasks, failures } = await client.send(
    new RunTaskCommand({
      cluster,
      taskDefinition: taskFamily(deployment, 'database-setup'),
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: await walletPlace(context) },
      propagateTags: 'TASK_DEFINITION',
    }),
  )
  const arn = tasks?.[0]?.taskArn
  if (arn === undefined) throw failed(context, failures?.[0]?.reason ?? 'ECS did not start the task')
  for (;;) {
    const [task] = (await client.send(new DescribeTasksCommand({ cluster, tasks: [arn] }))).tasks ?? []
    if (task?.lastStatus === 'STOPPED') {
      const exitCode = task.containers?.[0]?.exitCode
      if (exitCode === 0) return 'ready'
      throw failed(context, task.stoppedReason ?? `it ended with code ${exitCode ?? 'unknown'}`)
    }
    await sleep(context, POLL_MS)
  }
}

function failed(context: Context, reason: string): DeployerError {
  return new DeployerError(
    'failed',
    `the databases were not set up: ${reason}`,
    `read its lines in the log group ${logGroupName(context.deployment(), 'services')} (stream database-setup), then run the same command again`,
  )
}

/** Subnets and security group of the wallet, from the outputs of the long-lived stack. */
async function walletPlace(context: Context) {
  const name = stackNames.walletLongLived(context.deployment())
  const outputs = (await readStack(context, name))?.outputs
  const { OutWalletSubnets: subnets, OutWalletGroup: group } = outputs ?? {}
  if (subnets === undefined || group === undefined)
    throw new DeployerError('missing-file', `there is no stack ${name}`, 'run `make deploy-wallet-long-lived` first')
  return { subnets: subnets.split(','), securityGroups: [group], assignPublicIp: 'DISABLED' as const }
}
