import type { ContainerDefinition, ContainerOverride } from '@aws-sdk/client-ecs'
import { AwsError } from '../../errors.ts'
import type { ContainerToRun } from '../../hooks.ts'
import { callAs, placeEnvironment, roleEnvironment, type ServiceUse, takeRole } from '../../service-roles.ts'
import type { World } from '../../world.ts'
import { openLog, pullImage, readSecrets } from './secrets.ts'
import type { Cluster, Task, TaskDefinition } from './store.ts'

export type Start = {
  readonly definition: TaskDefinition
  readonly cluster: Cluster
  /** `service:NAME`, or `family:NAME`. */
  readonly group: string
  readonly overrides?: readonly ContainerOverride[] | undefined
}

/**
 * Starts a task as ECS does: takes the execution role, pulls images, reads secrets, opens logs; then gives the task role's
 * credentials to the containers. @throws AwsError with the reason for which it cannot start.
 */
export async function startTask(world: World, start: Start): Promise<Task> {
  const { definition, cluster, group } = start
  const { account, region } = definition
  const id = Buffer.from(world.random(16)).toString('hex')
  const task: Task = {
    arn: `arn:aws:ecs:${region}:${account}:task/${cluster.name}/${id}`,
    cluster: cluster.arn,
    definition: definition.arn,
    account,
    region,
    group,
    started: new Date(world.clock()),
    status: 'RUNNING',
    exitCode: undefined,
    stoppedReason: undefined,
    running: undefined,
  }
  world.ecs.tasks.set(task.arn, task)
  try {
    const use: ServiceUse = { service: 'ecs-tasks.amazonaws.com', account, region, sourceArn: task.arn }
    const containers = (definition.containerDefinitions ?? []).map(container =>
      prepare(world, use, start, container, id),
    )
    const service = group.startsWith('service:') ? group.slice('service:'.length) : undefined
    const { family } = definition
    const taskDefinition = definition.arn
    const hook = world.hooks.runTask
    const toRun = {
      account,
      region,
      cluster: cluster.name,
      taskArn: task.arn,
      family,
      taskDefinition,
      service,
      containers,
    }
    task.running = await hook?.(toRun)
    task.running?.exited?.then(
      ({ exitCode, reason }) => markStopped(task, exitCode, reason ?? 'Essential container in task exited'),
      (error: unknown) => markStopped(task, 1, String(error)),
    )
  } catch (error) {
    markStopped(task, undefined, error instanceof Error ? error.message : String(error))
    throw error
  }
  return task
}

function prepare(
  world: World,
  use: ServiceUse,
  { definition, overrides }: Start,
  container: ContainerDefinition,
  taskId: string,
): ContainerToRun {
  const { executionRoleArn: execution, taskRoleArn: own } = definition
  if (!execution)
    throw new AwsError('ResourceInitializationError', 'a Fargate task that pulls from ECR needs an execution role')
  const call = callAs(world, use, takeRole(world, use, execution, taskId))
  pullImage(call, container.image ?? '')
  openLog(call, container, taskId)
  const override = overrides?.find(({ name }) => name === container.name)
  const variables = [...(container.environment ?? []), ...(override?.environment ?? [])]
  return {
    name: container.name ?? '',
    image: container.image ?? '',
    command: override?.command ?? container.command ?? [],
    entryPoint: container.entryPoint ?? [],
    environment: {
      ...(own ? roleEnvironment(world, use, own) : placeEnvironment(world, use)),
      ...Object.fromEntries(variables.map(({ name = '', value = '' }) => [name, value])),
      ...readSecrets(call, container),
    },
  }
}

function markStopped(task: Task, exitCode: number | undefined, reason: string): void {
  if (task.status === 'STOPPED') return
  task.status = 'STOPPED'
  task.exitCode = exitCode
  task.stoppedReason = reason
}

export async function stopTask(task: Task, reason: string): Promise<void> {
  const { running } = task
  markStopped(task, 143, reason)
  await running?.stop()
}
