import type {
  CreateServiceCommandInput,
  DescribeServicesCommandInput,
  DescribeServicesCommandOutput,
  UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { type Output, only } from '../../service.ts'
import { findDefinition, passTaskRoles } from './definitions.ts'
import { startTask, stopTask } from './run.ts'
import type { Cluster, EcsService, TaskDefinition } from './store.ts'

const invalid = (code: string, message: string) => new AwsError(code, message)

export const clusterArn = ({ account, region }: Call, name: string): string =>
  name.startsWith('arn:') ? name : `arn:aws:ecs:${region}:${account}:cluster/${name}`

export function clusterOf(call: Call, reference = 'default'): Cluster {
  const cluster = call.world.ecs.clusters.get(clusterArn(call, reference))
  if (cluster?.account !== call.account) throw invalid('ClusterNotFoundException', 'Cluster not found.')
  return cluster
}

const serviceArn = ({ account, region }: Call, cluster: string, name: string): string =>
  `arn:aws:ecs:${region}:${account}:service/${cluster}/${name}`

function authorizeService(call: Call, action: string, cluster: string, service: string): string {
  const clusterName = cluster.split('/').at(-1) ?? cluster
  const arn = service.startsWith('arn:') ? service : serviceArn(call, clusterName, service)
  authorize(call, { action, resource: arn, context: { 'ecs:cluster': clusterArn(call, cluster) } })
  return arn
}

export function definitionOf(call: Call, reference: string): TaskDefinition {
  const definition = findDefinition(call, reference)
  if (definition?.account !== call.account || !definition.active) {
    throw invalid('ClientException', `TaskDefinition ${reference} not found.`)
  }
  return definition
}

/** Brings the number of tasks, and their definition, to what the service wants: old tasks end before new ones begin. */
async function reconcile(call: Call, service: EcsService): Promise<void> {
  const { world } = call
  const cluster = clusterOf(call, service.cluster)
  const definition = definitionOf(call, service.definition)
  const live = service.tasks.filter(({ status }) => status === 'RUNNING')
  const fitting = live.filter(task => task.definition === definition.arn)
  const kept = fitting.slice(0, service.desiredCount)
  for (const task of live) if (!kept.includes(task)) await stopTask(task, 'Scaling activity initiated by deployment')
  service.tasks = kept
  while (service.tasks.length < service.desiredCount) {
    service.tasks.push(await startTask(world, { definition, cluster, group: `service:${service.name}` }))
  }
}

export async function createService(input: CreateServiceCommandInput, call: Call) {
  const { serviceName: name = '', cluster: clusterName = 'default', desiredCount = 1, taskDefinition = '' } = input
  const arn = authorizeService(call, 'ecs:CreateService', clusterName, name)
  const { world, account, region } = call
  const cluster = clusterOf(call, clusterName)
  const definition = definitionOf(call, taskDefinition)
  passTaskRoles(call, definition)
  if (world.ecs.services.has(arn)) throw invalid('InvalidParameterException', 'Creation of service was not idempotent.')
  const service: EcsService = {
    name,
    arn,
    cluster: cluster.arn,
    account,
    region,
    created: new Date(world.clock()),
    definition: definition.arn,
    desiredCount,
    tasks: [],
  }
  world.ecs.services.set(arn, service)
  try {
    await reconcile(call, service)
  } catch (error) {
    world.ecs.services.delete(arn)
    throw error
  }
  return { service: described(service) }
}

export async function updateService(input: UpdateServiceCommandInput, call: Call) {
  only(input, ['cluster', 'desiredCount', 'forceNewDeployment', 'service', 'taskDefinition'])
  const { cluster = 'default', service: reference = '' } = input
  const arn = authorizeService(call, 'ecs:UpdateService', cluster, reference)
  const service = call.world.ecs.services.get(arn)
  if (!service) throw invalid('ServiceNotFoundException', 'Service not found.')
  const before = { definition: service.definition, desiredCount: service.desiredCount }
  if (input.taskDefinition !== undefined) {
    const definition = definitionOf(call, input.taskDefinition)
    passTaskRoles(call, definition)
    service.definition = definition.arn
  }
  service.desiredCount = input.desiredCount ?? service.desiredCount
  if (input.forceNewDeployment) for (const task of service.tasks) await stopTask(task, 'Deployment was forced')
  try {
    await reconcile(call, service)
  } catch (error) {
    // The deployment circuit breaker goes back to what ran before.
    Object.assign(service, before)
    await reconcile(call, service)
    throw error
  }
  return { service: described(service) }
}

export async function deleteService(
  { cluster = 'default', service: reference = '' }: { cluster?: string; service?: string },
  call: Call,
) {
  const arn = authorizeService(call, 'ecs:DeleteService', cluster, reference)
  const service = call.world.ecs.services.get(arn)
  if (!service) throw invalid('ServiceNotFoundException', 'Service not found.')
  for (const task of service.tasks) await stopTask(task, 'Service was deleted')
  call.world.ecs.services.delete(arn)
  return { service: described(service) }
}

const described = (service: EcsService) => {
  const running = service.tasks.filter(({ status }) => status === 'RUNNING').length
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.cluster,
    status: 'ACTIVE',
    desiredCount: service.desiredCount,
    runningCount: running,
    pendingCount: 0,
    launchType: 'FARGATE' as const,
    taskDefinition: service.definition,
    createdAt: service.created,
    events: [],
    deployments: [
      {
        id: 'ecs-svc/1',
        status: 'PRIMARY',
        taskDefinition: service.definition,
        desiredCount: service.desiredCount,
        runningCount: running,
        pendingCount: 0,
        rolloutState: 'COMPLETED' as const,
      },
    ],
  }
}

export function describeServices(
  input: DescribeServicesCommandInput,
  call: Call,
): Output<DescribeServicesCommandOutput> {
  only(input, ['cluster', 'include', 'services'])
  const { cluster = 'default', services: references = [] } = input
  const arns = references.map(reference => authorizeService(call, 'ecs:DescribeServices', cluster, reference))
  const { services } = call.world.ecs
  return {
    services: arns.flatMap(arn => {
      const found = services.get(arn)
      return found ? [described(found)] : []
    }),
    failures: arns.filter(arn => !services.has(arn)).map(arn => ({ arn, reason: 'MISSING' })),
  }
}

export function listServices({ cluster = 'default' }: { cluster?: string }, call: Call) {
  const arn = clusterArn(call, cluster)
  authorize(call, { action: 'ecs:ListServices', resource: arn, context: { 'ecs:cluster': arn } })
  const own = [...call.world.ecs.services.values()].filter(service => service.cluster === arn)
  return { serviceArns: own.map(service => service.arn) }
}
