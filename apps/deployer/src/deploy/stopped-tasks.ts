import type { Task } from '@aws-sdk/client-ecs'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { clusterName, logGroupName, serviceName } from '../names.ts'

/** Ended by themselves or never began; what ECS stops for a newer deployment is no failure. */
const failures: readonly (string | undefined)[] = ['TaskFailedToStart', 'EssentialContainerExited']
const unhealthy = /health check|unhealthy/i

/**
 * Watches a service's tasks from now on: each call of what it resolves to throws DeployerError failed, with the task's own reason,
 * once one of them has ended. ECS itself tries again and again, and reports that as a start that takes long.
 */
export async function watchTasks(context: Context, service: 'wallet' | 'broker'): Promise<() => Promise<void>> {
  const { DescribeTasksCommand, ECSClient, ListTasksCommand } = await import('@aws-sdk/client-ecs')
  const deployment = context.deployment()
  const cluster = clusterName(deployment)
  const client = context.aws.client(ECSClient)
  const list = new ListTasksCommand({
    cluster,
    serviceName: serviceName(deployment, service),
    desiredStatus: 'STOPPED',
  })
  const stopped = async (): Promise<readonly string[]> => (await client.send(list)).taskArns ?? []
  const earlier = new Set(await stopped())
  return async () => {
    const fresh = (await stopped()).filter(arn => !earlier.has(arn))
    if (fresh.length === 0) return
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: fresh }))
    const failed = tasks.find(task => failures.includes(task.stopCode) || unhealthy.test(task.stoppedReason ?? ''))
    if (failed === undefined) return
    const logs = `aws logs tail ${logGroupName(deployment, 'services')} --log-stream-name-prefix ${service} --since 30m`
    throw new DeployerError(
      'failed',
      `the task of service ${service} stopped: ${reasonOf(failed)}`,
      `see why: ${logs}; remove the cause and run the same command again. ECS goes on trying meanwhile: \`make status\` says when it runs`,
    )
  }
}

/** A container says more than its task, when it does. */
function reasonOf({ stoppedReason = 'for an unknown reason', containers = [] }: Task): string {
  const details = containers.flatMap(({ name, reason, exitCode }) => {
    const parts = [
      ...(reason === undefined ? [] : [reason]),
      ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ]
    return parts.length === 0 ? [] : [`${name}: ${parts.join(', ')}`]
  })
  return details.length === 0 ? stoppedReason : `${stoppedReason} (${details.join('; ')})`
}
