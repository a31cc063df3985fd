import type {
  DescribeTasksCommandInput,
  DescribeTasksCommandOutput,
  Task as Description,
  ListTasksCommandInput,
  RunTaskCommandInput,
  RunTaskCommandOutput,
} from '@aws-sdk/client-ecs'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { type Output, only } from '../../service.ts'
import { passTaskRoles } from './definitions.ts'
import { startTask, stopTask } from './run.ts'
import { clusterArn, clusterOf, definitionOf } from './services.ts'
import type { Task } from './store.ts'

function described(call: Call, task: Task): Description {
  const definition = call.world.ecs.definitions.get(task.definition)
  const status = task.status
  return {
    taskArn: task.arn,
    clusterArn: task.cluster,
    taskDefinitionArn: task.definition,
    group: task.group,
    lastStatus: status,
    desiredStatus: status,
    createdAt: task.started,
    startedAt: task.started,
    stoppedReason: task.stoppedReason,
    ...(status === 'STOPPED'
      ? {
          stopCode:
            task.exitCode === undefined ? ('TaskFailedToStart' as const) : ('EssentialContainerExited' as const),
        }
      : {}),
    containers: (definition?.containerDefinitions ?? []).map(({ name, image }) => ({
      name,
      image,
      lastStatus: status,
      ...(task.exitCode === undefined ? {} : { exitCode: task.exitCode }),
    })),
  }
}

export async function runTask(input: RunTaskCommandInput, call: Call): Promise<Output<RunTaskCommandOutput>> {
  only(input, [
    'clientToken',
    'cluster',
    'count',
    'enableECSManagedTags',
    'launchType',
    'networkConfiguration',
    'overrides',
    'platformVersion',
    'propagateTags',
    'startedBy',
    'tags',
    'taskDefinition',
  ])
  const { cluster: clusterName = 'default', taskDefinition: reference = '' } = input
  const definition = definitionOf(call, reference)
  authorize(call, {
    action: 'ecs:RunTask',
    resource: definition.arn,
    context: { 'ecs:cluster': clusterArn(call, clusterName) },
  })
  passTaskRoles(call, definition)
  const cluster = clusterOf(call, clusterName)
  if (input.launchType === 'FARGATE' && !input.networkConfiguration?.awsvpcConfiguration?.subnets?.length) {
    throw new AwsError(
      'InvalidParameterException',
      'Network Configuration must be provided when networkMode is awsvpc.',
    )
  }
  const before = new Set(call.world.ecs.tasks.keys())
  const group = `family:${definition.family}`
  const overrides = input.overrides?.containerOverrides
  // A task that cannot start is told as a stopped one.
  await startTask(call.world, { definition, cluster, group, overrides }).catch(() => undefined)
  const made = [...call.world.ecs.tasks.values()].filter(
    ({ arn, definition: own }) => !before.has(arn) && own === definition.arn,
  )
  return { tasks: made.map(task => described(call, task)), failures: [] }
}

export function describeTasks(input: DescribeTasksCommandInput, call: Call): Output<DescribeTasksCommandOutput> {
  only(input, ['cluster', 'include', 'tasks'])
  const { cluster = 'default', tasks: references = [] } = input
  const name = cluster.split('/').at(-1) ?? cluster
  const arns = references.map(reference =>
    reference.startsWith('arn:') ? reference : `arn:aws:ecs:${call.region}:${call.account}:task/${name}/${reference}`,
  )
  for (const arn of arns) {
    authorize(call, {
      action: 'ecs:DescribeTasks',
      resource: arn,
      context: { 'ecs:cluster': clusterArn(call, cluster) },
    })
  }
  const own = (arn: string) => {
    const task = call.world.ecs.tasks.get(arn)
    return task?.account === call.account ? task : undefined
  }
  return {
    tasks: arns.flatMap(arn => {
      const task = own(arn)
      return task ? [described(call, task)] : []
    }),
    failures: arns.filter(arn => !own(arn)).map(arn => ({ arn, reason: 'MISSING' })),
  }
}

export function listTasks(input: ListTasksCommandInput, call: Call) {
  only(input, ['cluster', 'desiredStatus', 'family', 'serviceName'])
  const cluster = clusterArn(call, input.cluster ?? 'default')
  authorize(call, { action: 'ecs:ListTasks', resource: '*', context: { 'ecs:cluster': cluster } })
  const status = input.desiredStatus ?? 'RUNNING'
  const own = [...call.world.ecs.tasks.values()].filter(
    task =>
      task.cluster === cluster &&
      task.status === status &&
      (input.serviceName === undefined || task.group === `service:${input.serviceName}`) &&
      (input.family === undefined || task.definition.includes(`/${input.family}:`)),
  )
  return { taskArns: own.map(({ arn }) => arn) }
}

export async function stop(
  { cluster = 'default', task: reference = '' }: { cluster?: string; task?: string },
  call: Call,
) {
  const arn = reference.startsWith('arn:')
    ? reference
    : `arn:aws:ecs:${call.region}:${call.account}:task/${cluster.split('/').at(-1)}/${reference}`
  authorize(call, { action: 'ecs:StopTask', resource: arn, context: { 'ecs:cluster': clusterArn(call, cluster) } })
  const task = call.world.ecs.tasks.get(arn)
  if (task?.account !== call.account)
    throw new AwsError('InvalidParameterException', 'The referenced task was not found.')
  await stopTask(task, 'Task stopped by user')
  return { task: described(call, task) }
}
