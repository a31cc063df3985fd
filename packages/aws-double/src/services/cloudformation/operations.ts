import { isDeepStrictEqual } from 'node:util'
import type {
  CreateStackCommandInput,
  DeleteStackCommandInput,
  DescribeEventsCommandInput,
  DescribeEventsCommandOutput,
  UpdateStackCommandInput,
  UpdateTerminationProtectionCommandInput,
} from '@aws-sdk/client-cloudformation'
import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { type Output, only } from '../../service.ts'
import { deploy, destroy, type Providers } from './deploy.ts'
import { importerOf } from './outputs.ts'
import { authorizeStack, checkMode, findStack, newStack, readInput, settle, stackOf, tagsFrom } from './stacks.ts'

const sources = [
  'Capabilities',
  'ClientRequestToken',
  'Parameters',
  'StackName',
  'Tags',
  'TemplateBody',
  'TemplateURL',
] as const

export const createStack =
  (providers: Providers) =>
  async (input: CreateStackCommandInput, call: Call): Promise<object> => {
    only(input, [...sources, 'EnableTerminationProtection'])
    const { StackName: name = '' } = input
    authorizeStack(call, name, 'cloudformation:CreateStack', tagsFrom(input.Tags))
    if (findStack(call, name)) throw new AwsError('AlreadyExistsException', `Stack [${name}] already exists`)
    const read = readInput(call, undefined, input)
    const stack = newStack(call, name)
    stack.terminationProtection = input.EnableTerminationProtection ?? false
    await settle(deploy({ call: { ...call, decisions: [] }, stack, providers }, read))
    return { StackId: stack.id }
  }

export const updateStack =
  (providers: Providers) =>
  async (input: UpdateStackCommandInput, call: Call): Promise<object> => {
    only(input, [...sources, 'UsePreviousTemplate'])
    const stack = stackOf(call, input.StackName ?? '', 'cloudformation:UpdateStack')
    const read = readInput(call, stack, input)
    if (!/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status)) {
      throw new AwsError('ValidationError', `Stack:${stack.id} is in ${stack.status} state and can not be updated.`)
    }
    const { templateBody: _, ...before } = stack.input ?? { templateBody: '' }
    const { templateBody: __, ...after } = read
    if (isDeepStrictEqual(before, after)) throw new AwsError('ValidationError', 'No updates are to be performed.')
    await settle(deploy({ call: { ...call, decisions: [] }, stack, providers }, read))
    return { StackId: stack.id }
  }

export const deleteStack =
  (providers: Providers) =>
  async (input: DeleteStackCommandInput, call: Call): Promise<object> => {
    only(input, ['ClientRequestToken', 'DeploymentConfig', 'StackName'])
    checkMode(input.DeploymentConfig)
    const { StackName: name = '' } = input
    const stack = findStack(call, name)
    authorizeStack(call, stack ?? name, 'cloudformation:DeleteStack')
    if (!stack) return {}
    if (stack.terminationProtection) {
      throw new AwsError(
        'ValidationError',
        `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`,
      )
    }
    for (const { exportName } of stack.outputs) {
      const user = exportName === undefined ? undefined : importerOf(call, exportName)
      if (user)
        throw new AwsError('ValidationError', `Export ${exportName} cannot be deleted as it is in use by ${user.name}`)
    }
    await settle(destroy({ call: { ...call, decisions: [] }, stack, providers }))
    return {}
  }

/** Events of the latest operation on a stack, the newest first. */
export function describeEvents(input: DescribeEventsCommandInput, call: Call): Output<DescribeEventsCommandOutput> {
  only(input, ['ChangeSetName', 'Filters', 'NextToken', 'OperationId', 'StackName'])
  const stack = stackOf(call, input.StackName ?? '', 'cloudformation:DescribeEvents')
  const failed = input.Filters?.FailedEvents ?? false
  const events = [...stack.events].reverse().filter(({ status }) => !failed || status.endsWith('_FAILED'))
  return {
    OperationEvents: events.map(event => ({
      EventId: event.id,
      StackId: stack.id,
      EventType: 'STACK_EVENT' as const,
      LogicalResourceId: event.logicalId,
      PhysicalResourceId: event.physicalId,
      ResourceType: event.type,
      Timestamp: event.time,
      ResourceStatus: event.status as 'CREATE_COMPLETE',
      ResourceStatusReason: event.reason,
    })),
  }
}

export function updateTerminationProtection(input: UpdateTerminationProtectionCommandInput, call: Call) {
  only(input, ['EnableTerminationProtection', 'StackName'])
  const stack = stackOf(call, input.StackName ?? '', 'cloudformation:UpdateTerminationProtection')
  stack.terminationProtection = input.EnableTerminationProtection ?? false
  return { StackId: stack.id }
}
