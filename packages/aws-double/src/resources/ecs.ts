import type { RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs'
import { authorize } from '../call.ts'
import { AwsError } from '../errors.ts'
import { generatedName, type Provider, textOf } from '../services/cloudformation/provider.ts'
import { deregisterTaskDefinition, registerTaskDefinition } from '../services/ecs/definitions.ts'
import { clusterArn, createService, deleteService, updateService } from '../services/ecs/services.ts'
import type { EcsService } from '../services/ecs/store.ts'
import { needServiceLinkedRole } from '../services/iam/roles.ts'

export const cluster: Provider = {
  properties: ['ClusterName', 'ClusterSettings', 'Tags'],
  create(properties, call) {
    const name = textOf(properties, 'ClusterName') ?? generatedName(call)
    const arn = clusterArn(call, name)
    authorize(call, { action: 'ecs:CreateCluster', resource: arn })
    needServiceLinkedRole(call, 'ecs.amazonaws.com')
    const { clusters } = call.world.ecs
    if (clusters.has(arn)) throw new AwsError('AlreadyExists', `the cluster ${name} already exists`)
    clusters.set(arn, { name, arn, account: call.account, region: call.region })
    return { physicalId: name, attributes: { Arn: arn } }
  },
  update(name, _, __, call) {
    const arn = clusterArn(call, name)
    authorize(call, { action: 'ecs:UpdateCluster', resource: arn })
    return { physicalId: name, attributes: { Arn: arn } }
  },
  remove(name, _, call) {
    const arn = clusterArn(call, name)
    authorize(call, { action: 'ecs:DeleteCluster', resource: arn })
    const { clusters, services } = call.world.ecs
    if ([...services.values()].some(service => service.cluster === arn)) {
      throw new AwsError('ClusterContainsServicesException', 'The Cluster cannot be deleted while Services are active.')
    }
    clusters.delete(arn)
  },
}

/** Members that are names of the customer's, not of the API. */
const free = new Set(['Options', 'Labels'])

/** CloudFormation's names begin with a capital letter, the API's do not. */
function toApi(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toApi)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      free.has(name) ? item : toApi(item),
    ]),
  )
}

export const taskDefinition: Provider = {
  create(properties, call) {
    const { Tags: _, ...rest } = properties
    const input = toApi(rest) as RegisterTaskDefinitionCommandInput
    const { taskDefinition: made } = registerTaskDefinition(
      { ...input, family: input.family ?? generatedName(call) },
      call,
    )
    const arn = made.taskDefinitionArn ?? ''
    return { physicalId: arn, attributes: { TaskDefinitionArn: arn } }
  },
  remove(arn, _, call) {
    deregisterTaskDefinition({ taskDefinition: arn }, call)
  },
}

const described = ({ arn, name }: Pick<EcsService, 'arn' | 'name'>) => ({
  physicalId: arn,
  attributes: { Name: name, ServiceArn: arn },
})

export const service: Provider = {
  async create(properties, call) {
    const { service: made } = await createService(
      {
        serviceName: textOf(properties, 'ServiceName') ?? generatedName(call),
        cluster: textOf(properties, 'Cluster'),
        taskDefinition: textOf(properties, 'TaskDefinition'),
        desiredCount: Number(properties.DesiredCount ?? 1),
      },
      call,
    )
    return described({ arn: made.serviceArn, name: made.serviceName })
  },
  async update(arn, properties, _, call) {
    const { service: made } = await updateService(
      {
        service: arn,
        cluster: textOf(properties, 'Cluster'),
        taskDefinition: textOf(properties, 'TaskDefinition'),
        desiredCount: Number(properties.DesiredCount ?? 1),
      },
      call,
    )
    return described({ arn: made.serviceArn, name: made.serviceName })
  },
  async remove(arn, properties, call) {
    await deleteService({ service: arn, cluster: textOf(properties, 'Cluster') ?? 'default' }, call)
  },
}
