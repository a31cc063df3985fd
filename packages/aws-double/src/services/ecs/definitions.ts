import type { TaskDefinition as Description, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { only } from '../../service.ts'
import { passRole } from '../iam/roles.ts'
import type { TaskDefinition } from './store.ts'

const invalid = (message: string) => new AwsError('ClientException', message)

const definitionArn = ({ account, region }: Call, family: string, revision: number | '*'): string =>
  `arn:aws:ecs:${region}:${account}:task-definition/${family}:${revision}`

/** By ARN, `family:revision`, or family (then the newest active one). */
export function findDefinition(call: Call, reference: string): TaskDefinition | undefined {
  const { definitions } = call.world.ecs
  if (reference.startsWith('arn:')) return definitions.get(reference)
  const own = [...definitions.values()].filter(
    ({ account, region }) => account === call.account && region === call.region,
  )
  return reference.includes(':')
    ? own.find(({ family, revision }) => `${family}:${revision}` === reference)
    : own.findLast(({ family, active }) => family === reference && active)
}

/** Handing over a task's roles needs iam:PassRole on both. */
export function passTaskRoles(
  call: Call,
  { taskRoleArn: own, executionRoleArn: execution }: Partial<TaskDefinition>,
): void {
  for (const arn of [own, execution]) if (arn) passRole(call, arn, 'ecs-tasks.amazonaws.com')
}

export function registerTaskDefinition(input: RegisterTaskDefinitionCommandInput, call: Call) {
  only(input, [
    'containerDefinitions',
    'cpu',
    'executionRoleArn',
    'family',
    'memory',
    'networkMode',
    'requiresCompatibilities',
    'runtimePlatform',
    'tags',
    'taskRoleArn',
    'volumes',
  ])
  const { account, region, world } = call
  const { family = '' } = input
  authorize(call, { action: 'ecs:RegisterTaskDefinition', resource: definitionArn(call, family, '*') })
  if (!/^[\w-]{1,255}$/.test(family)) throw invalid(`family ${family} is malformed`)
  passTaskRoles(call, input)
  const older = [...world.ecs.definitions.values()].filter(d => d.family === family && d.account === account)
  const revision = Math.max(0, ...older.map(d => d.revision)) + 1
  const arn = definitionArn(call, family, revision)
  const definition: TaskDefinition = { ...input, family, arn, account, region, revision, active: true }
  world.ecs.definitions.set(arn, definition)
  return { taskDefinition: described(definition) }
}

const described = ({ arn, account: _, region: __, active, tags: ___, ...rest }: TaskDefinition): Description => ({
  ...rest,
  taskDefinitionArn: arn,
  status: active ? 'ACTIVE' : 'INACTIVE',
})

export function describeTaskDefinition({ taskDefinition: reference = '' }: { taskDefinition?: string }, call: Call) {
  authorize(call, { action: 'ecs:DescribeTaskDefinition', resource: '*' })
  const found = findDefinition(call, reference)
  if (found?.account !== call.account) throw invalid('Unable to describe task definition.')
  return { taskDefinition: described(found) }
}

export function deregisterTaskDefinition({ taskDefinition: reference = '' }: { taskDefinition?: string }, call: Call) {
  authorize(call, { action: 'ecs:DeregisterTaskDefinition', resource: '*' })
  const found = findDefinition(call, reference)
  if (found?.account !== call.account) throw invalid('The specified task definition does not exist.')
  found.active = false
  return { taskDefinition: described(found) }
}
