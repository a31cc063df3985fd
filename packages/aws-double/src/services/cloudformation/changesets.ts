import { isDeepStrictEqual } from 'node:util'
import type {
  CreateChangeSetCommandInput,
  CreateChangeSetCommandOutput,
  DeleteChangeSetCommandInput,
  DescribeChangeSetCommandInput,
  DescribeChangeSetCommandOutput,
  ExecuteChangeSetCommandInput,
} from '@aws-sdk/client-cloudformation'
import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { type Output, only, tagList } from '../../service.ts'
import { deploy, type Providers } from './deploy.ts'
import { authorizeStack, checkMode, findStack, newStack, readInput, settle, stackOf, tagsFrom } from './stacks.ts'
import type { ChangeSet, Input, Stack } from './store.ts'

const noChanges =
  "The submitted information didn't contain changes. Submit different information to create a change set."

type Change = ChangeSet['changes'][number]

function changesOf(stack: Stack, input: Input): readonly Change[] {
  const wanted = input.template.Resources
  const old = stack.input
  const sameInput = isDeepStrictEqual(old?.parameters, input.parameters) && isDeepStrictEqual(old?.tags, input.tags)
  const kept = Object.entries(wanted).flatMap(([logicalId, declaration]): Change[] => {
    const resource = stack.resources.get(logicalId)
    if (!resource) return [{ action: 'Add', logicalId, type: declaration.Type, physicalId: undefined }]
    if (sameInput && isDeepStrictEqual(resource.declaration, declaration)) return []
    return [{ action: 'Modify', logicalId, type: declaration.Type, physicalId: resource.physicalId }]
  })
  const removed = [...stack.resources.values()].flatMap(({ logicalId, type, physicalId }): Change[] =>
    Object.hasOwn(wanted, logicalId) ? [] : [{ action: 'Remove', logicalId, type, physicalId }],
  )
  return [...kept, ...removed]
}

const isSame = (old: Input | undefined, input: Input): boolean =>
  old !== undefined &&
  isDeepStrictEqual(old.template, input.template) &&
  isDeepStrictEqual(old.parameters, input.parameters) &&
  isDeepStrictEqual(old.tags, input.tags)

export function createChangeSet(input: CreateChangeSetCommandInput, call: Call): Output<CreateChangeSetCommandOutput> {
  only(input, [
    'Capabilities',
    'ChangeSetName',
    'ChangeSetType',
    'ClientToken',
    'DeploymentConfig',
    'Description',
    'ImportExistingResources',
    'IncludeNestedStacks',
    'Parameters',
    'StackName',
    'Tags',
    'TemplateBody',
    'TemplateURL',
    'UsePreviousTemplate',
  ])
  const { ChangeSetName: name = '', StackName: stackName = '', ChangeSetType: type = 'UPDATE' } = input
  checkMode(input.DeploymentConfig)
  if (type === 'IMPORT' || input.ImportExistingResources)
    throw new AwsError('NotInAwsDouble', 'imports are not part of the double', 501)
  const { world } = call
  let stack = findStack(call, stackName)
  authorizeStack(call, stack ?? stackName, 'cloudformation:CreateChangeSet', tagsFrom(input.Tags))
  if (type === 'CREATE' && stack && stack.status !== 'REVIEW_IN_PROGRESS') {
    throw new AwsError(
      'ValidationError',
      `Stack [${stackName}] already exists and cannot be created again with the changeSet [${name}].`,
    )
  }
  if (type === 'UPDATE' && !stack) throw new AwsError('ValidationError', `Stack [${stackName}] does not exist`)
  const read = readInput(call, stack, input)
  stack ??= newStack(call, stackName)
  const isUpdate = stack.input !== undefined
  if (isUpdate && !/^(CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$/.test(stack.status)) {
    throw new AwsError('ValidationError', `Stack:${stack.id} is in ${stack.status} state and can not be updated.`)
  }
  if (stack.changeSets.has(name)) throw new AwsError('AlreadyExistsException', `ChangeSet ${name} already exists.`)
  const same = isSame(stack.input, read)
  const { region, account } = call
  const changeSet: ChangeSet = {
    id: `arn:aws:cloudformation:${region}:${account}:changeSet/${name}/${crypto.randomUUID()}`,
    name,
    stackId: stack.id,
    type,
    created: new Date(world.clock()),
    description: input.Description,
    input: read,
    changes: changesOf(stack, read),
    status: same ? 'FAILED' : 'CREATE_COMPLETE',
    statusReason: same ? noChanges : undefined,
    executionStatus: same ? 'UNAVAILABLE' : 'AVAILABLE',
  }
  stack.changeSets.set(name, changeSet)
  return { Id: changeSet.id, StackId: stack.id }
}

type Reference = { readonly ChangeSetName?: string | undefined; readonly StackName?: string | undefined }

function find(call: Call, { ChangeSetName: reference = '', StackName: stackName }: Reference, action: string) {
  const all = [...call.world.cloudformation.stacks.values()].filter(
    ({ account, region }) => account === call.account && region === call.region,
  )
  const stack = reference.startsWith('arn:')
    ? all.find(({ changeSets }) => [...changeSets.values()].some(({ id }) => id === reference))
    : stackName === undefined
      ? undefined
      : findStack(call, stackName)
  authorizeStack(call, stack ?? stackName ?? '*', action)
  const changeSet = [...(stack?.changeSets.values() ?? [])].find(
    ({ id, name }) => id === reference || name === reference,
  )
  if (!stack || !changeSet) throw new AwsError('ChangeSetNotFound', `ChangeSet [${reference}] does not exist`, 404)
  return { stack, changeSet }
}

export function describeChangeSet(
  input: DescribeChangeSetCommandInput,
  call: Call,
): Output<DescribeChangeSetCommandOutput> {
  only(input, ['ChangeSetName', 'IncludePropertyValues', 'NextToken', 'StackName'])
  const { stack, changeSet } = find(call, input, 'cloudformation:DescribeChangeSet')
  return {
    ChangeSetName: changeSet.name,
    ChangeSetId: changeSet.id,
    StackId: stack.id,
    StackName: stack.name,
    Description: changeSet.description,
    CreationTime: changeSet.created,
    ExecutionStatus: changeSet.executionStatus,
    Status: changeSet.status,
    StatusReason: changeSet.statusReason,
    Parameters: [...changeSet.input.parameters].map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    Tags: tagList(new Map(Object.entries(changeSet.input.tags))),
    Capabilities: [],
    Changes: changeSet.changes.map(({ action, logicalId, type, physicalId }) => ({
      Type: 'Resource' as const,
      ResourceChange: {
        Action: action,
        LogicalResourceId: logicalId,
        PhysicalResourceId: physicalId,
        ResourceType: type,
        ...(action === 'Modify' ? { Replacement: 'Conditional' as const, Scope: [], Details: [] } : {}),
      },
    })),
  }
}

/** Succeeds when the stack is there, whether the change set is or not. */
export function deleteChangeSet(input: DeleteChangeSetCommandInput, call: Call) {
  only(input, ['ChangeSetName', 'StackName'])
  const { ChangeSetName: reference = '', StackName: stackName = '' } = input
  const stack = stackOf(call, stackName, 'cloudformation:DeleteChangeSet')
  const changeSet = [...stack.changeSets.values()].find(({ id, name }) => id === reference || name === reference)
  if (changeSet) stack.changeSets.delete(changeSet.name)
  return {}
}

export const executeChangeSet =
  (providers: Providers) =>
  async (input: ExecuteChangeSetCommandInput, call: Call): Promise<object> => {
    only(input, ['ChangeSetName', 'ClientRequestToken', 'DisableRollback', 'StackName'])
    if (input.DisableRollback) throw new AwsError('NotInAwsDouble', 'DisableRollback is not part of the double', 501)
    const { stack, changeSet } = find(call, input, 'cloudformation:ExecuteChangeSet')
    if (changeSet.executionStatus !== 'AVAILABLE') {
      throw new AwsError(
        'InvalidChangeSetStatus',
        `ChangeSet [${changeSet.id}] cannot be executed in its current status [${changeSet.status}]`,
      )
    }
    changeSet.executionStatus = 'EXECUTE_COMPLETE'
    stack.changeSets.clear()
    await settle(deploy({ call: { ...call, decisions: [] }, stack, providers }, changeSet.input))
    return {}
  }
