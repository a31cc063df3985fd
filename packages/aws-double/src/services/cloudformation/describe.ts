import type {
  DescribeStackEventsCommandOutput,
  DescribeStackResourcesCommandOutput,
  DescribeStacksCommandInput,
  GetTemplateCommandInput,
  GetTemplateSummaryCommandInput,
  GetTemplateSummaryCommandOutput,
  Stack as StackDescription,
  StackStatus,
} from '@aws-sdk/client-cloudformation'
import { authorize, type Call } from '../../call.ts'
import { type Output, only, tagList } from '../../service.ts'
import { exportsOf } from './plan.ts'
import { readTemplateUrl } from './source.ts'
import { authorizeStack, stackOf } from './stacks.ts'
import type { Stack } from './store.ts'
import { parseTemplate } from './template.ts'

const describe = (stack: Stack): StackDescription => ({
  StackId: stack.id,
  StackName: stack.name,
  CreationTime: stack.created,
  LastUpdatedTime: stack.updated,
  StackStatus: stack.status as StackStatus,
  StackStatusReason: stack.statusReason,
  EnableTerminationProtection: stack.terminationProtection,
  DisableRollback: false,
  Description: stack.input?.template.Description,
  Capabilities: ['CAPABILITY_NAMED_IAM'],
  Parameters: [...(stack.input?.parameters ?? [])].map(([key, value]) => ({
    ParameterKey: key,
    ParameterValue: stack.input?.template.Parameters?.[key]?.NoEcho ? '****' : value,
  })),
  Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
    OutputKey: key,
    OutputValue: value,
    Description: description,
    ExportName: exportName,
  })),
  Tags: tagList(new Map(Object.entries(stack.input?.tags ?? {}))),
})

export function describeStacks(input: DescribeStacksCommandInput, call: Call) {
  only(input, ['NextToken', 'StackName'])
  if (input.StackName !== undefined)
    return { Stacks: [describe(stackOf(call, input.StackName, 'cloudformation:DescribeStacks'))] }
  authorizeStack(call, '*', 'cloudformation:DescribeStacks')
  const own = [...call.world.cloudformation.stacks.values()].filter(
    ({ account, region, status }) => account === call.account && region === call.region && status !== 'DELETE_COMPLETE',
  )
  return { Stacks: own.map(describe) }
}

type Named = { readonly StackName?: string | undefined }

export function describeStackEvents(
  { StackName: name = '' }: Named,
  call: Call,
): Output<DescribeStackEventsCommandOutput> {
  const stack = stackOf(call, name, 'cloudformation:DescribeStackEvents')
  return {
    StackEvents: [...stack.events].reverse().map(event => ({
      StackId: stack.id,
      StackName: stack.name,
      EventId: event.id,
      LogicalResourceId: event.logicalId,
      PhysicalResourceId: event.physicalId,
      ResourceType: event.type,
      Timestamp: event.time,
      ResourceStatus: event.status as 'CREATE_COMPLETE',
      ResourceStatusReason: event.reason,
    })),
  }
}

export function describeStackResources(
  { StackName: name = '' }: Named,
  call: Call,
): Output<DescribeStackResourcesCommandOutput> {
  const stack = stackOf(call, name, 'cloudformation:DescribeStackResources')
  return {
    StackResources: [...stack.resources.values()].map(({ logicalId, physicalId, type }) => ({
      StackId: stack.id,
      StackName: stack.name,
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      Timestamp: stack.updated ?? stack.created,
      ResourceStatus: 'CREATE_COMPLETE' as const,
    })),
  }
}

export function listStackResources({ StackName: name = '' }: Named, call: Call) {
  const stack = stackOf(call, name, 'cloudformation:ListStackResources')
  return {
    StackResourceSummaries: [...stack.resources.values()].map(({ logicalId, physicalId, type }) => ({
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      LastUpdatedTimestamp: stack.updated ?? stack.created,
      ResourceStatus: 'CREATE_COMPLETE' as const,
    })),
  }
}

export function getTemplate(input: GetTemplateCommandInput, call: Call) {
  only(input, ['StackName', 'TemplateStage'])
  const stack = stackOf(call, input.StackName ?? '', 'cloudformation:GetTemplate')
  if (!stack.input) return { TemplateBody: '' }
  return { TemplateBody: stack.input.templateBody, StagesAvailable: ['Original', 'Processed'] }
}

export function getTemplateSummary(
  input: GetTemplateSummaryCommandInput,
  call: Call,
): Output<GetTemplateSummaryCommandOutput> {
  only(input, ['StackName', 'TemplateBody', 'TemplateURL'])
  const stack =
    input.StackName === undefined ? undefined : stackOf(call, input.StackName, 'cloudformation:GetTemplateSummary')
  if (!stack) authorizeStack(call, '*', 'cloudformation:GetTemplateSummary')
  const body =
    input.TemplateBody ??
    (input.TemplateURL === undefined ? stack?.input?.templateBody : readTemplateUrl(call, input.TemplateURL))
  const template = parseTemplate(body ?? '', input.TemplateBody !== undefined)
  return {
    Parameters: Object.entries(template.Parameters ?? {}).map(([key, declaration]) => ({
      ParameterKey: key,
      ParameterType: declaration.Type,
      DefaultValue: declaration.Default === undefined ? undefined : String(declaration.Default),
    })),
    ResourceTypes: [...new Set(Object.values(template.Resources).map(({ Type }) => Type))],
  }
}

export function listExports(_: unknown, call: Call) {
  authorize(call, { action: 'cloudformation:ListExports', resource: '*' })
  const all = [...exportsOf(call)]
  return { Exports: all.map(([Name, { value, stack }]) => ({ Name, Value: value, ExportingStackId: stack.id })) }
}

export function listStacks(_: unknown, call: Call) {
  authorize(call, { action: 'cloudformation:ListStacks', resource: '*' })
  const { world, account, region } = call
  const own = [...world.cloudformation.stacks.values()].filter(s => s.account === account && s.region === region)
  return {
    StackSummaries: own.map(({ id, name, created, status }) => ({
      StackId: id,
      StackName: name,
      CreationTime: created,
      StackStatus: status as StackStatus,
    })),
  }
}
