import { authorize, type Call } from '../../call.ts'
import type { Service } from '../../service.ts'
import { deregisterTaskDefinition, describeTaskDefinition, registerTaskDefinition } from './definitions.ts'
import { clusterArn, createService, deleteService, describeServices, listServices, updateService } from './services.ts'
import { describeTasks, listTasks, runTask, stop } from './tasks.ts'

function describeClusters({ clusters = ['default'] }: { clusters?: string[] }, call: Call) {
  const arns = clusters.map(name => clusterArn(call, name))
  for (const arn of arns) authorize(call, { action: 'ecs:DescribeClusters', resource: arn })
  const found = arns.flatMap(arn => call.world.ecs.clusters.get(arn) ?? [])
  return {
    clusters: found.map(({ arn, name }) => ({ clusterArn: arn, clusterName: name, status: 'ACTIVE' })),
    failures: arns.filter(arn => !call.world.ecs.clusters.has(arn)).map(arn => ({ arn, reason: 'MISSING' })),
  }
}

export const ecs: Service = {
  name: 'ecs',
  protocol: 'json',
  client: () => import('@aws-sdk/client-ecs'),
  operations: {
    CreateService: createService,
    DeleteService: deleteService,
    DeregisterTaskDefinition: deregisterTaskDefinition,
    DescribeClusters: describeClusters,
    DescribeServices: describeServices,
    DescribeTaskDefinition: describeTaskDefinition,
    DescribeTasks: describeTasks,
    ListServices: listServices,
    ListTasks: listTasks,
    RegisterTaskDefinition: registerTaskDefinition,
    RunTask: runTask,
    StopTask: stop,
    UpdateService: updateService,
  },
}
