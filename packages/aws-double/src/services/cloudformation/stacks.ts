import { setTimeout as delay } from 'node:timers/promises'
import type { DeploymentConfig, Parameter, Tag } from '@aws-sdk/client-cloudformation'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { setStatus } from './deploy.ts'
import { parameterValues } from './parameters.ts'
import { readTemplateUrl } from './source.ts'
import type { Input, Stack } from './store.ts'
import { parseTemplate } from './template.ts'

const missing = (name: string) => new AwsError('ValidationError', `Stack with id ${name} does not exist`)

/** Stacks of the caller's account and region; a deleted one only by its ARN. */
export function findStack({ world, account, region }: Call, reference: string): Stack | undefined {
  return [...world.cloudformation.stacks.values()].find(
    stack =>
      stack.account === account &&
      stack.region === region &&
      (stack.id === reference || (stack.name === reference && stack.status !== 'DELETE_COMPLETE')),
  )
}

const stackArn = ({ account, region }: Call, name: string): string =>
  `arn:aws:cloudformation:${region}:${account}:stack/${name}/*`

export function authorizeStack(
  call: Call,
  stack: Stack | string,
  action: string,
  requestTags?: ReadonlyMap<string, string>,
): void {
  const resource = typeof stack === 'string' ? (stack === '*' ? '*' : stackArn(call, stack)) : stack.id
  const tags = typeof stack === 'string' ? undefined : new Map(Object.entries(stack.input?.tags ?? {}))
  authorize(call, {
    action,
    resource,
    ...(tags ? { resourceTags: tags } : {}),
    ...(requestTags && requestTags.size > 0 ? { requestTags } : {}),
  })
}

export function stackOf(call: Call, reference: string, action: string): Stack {
  const stack = findStack(call, reference)
  authorizeStack(call, stack ?? reference, action)
  if (!stack) throw missing(reference)
  return stack
}

export const tagsFrom = (tags: readonly Tag[] | undefined): ReadonlyMap<string, string> =>
  new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))

export function newStack(call: Call, name: string): Stack {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name))
    throw new AwsError('ValidationError', `stackName ${name} is malformed`)
  const { world, account, region } = call
  const stack: Stack = {
    id: `arn:aws:cloudformation:${region}:${account}:stack/${name}/${crypto.randomUUID()}`,
    name,
    account,
    region,
    created: new Date(world.clock()),
    updated: undefined,
    status: '',
    statusReason: undefined,
    terminationProtection: false,
    input: undefined,
    resources: new Map(),
    outputs: [],
    events: [],
    changeSets: new Map(),
  }
  world.cloudformation.stacks.set(stack.id, stack)
  setStatus({ call, stack }, 'REVIEW_IN_PROGRESS', 'User Initiated')
  return stack
}

type Source = {
  readonly TemplateBody?: string | undefined
  readonly TemplateURL?: string | undefined
  readonly UsePreviousTemplate?: boolean | undefined
  readonly Parameters?: readonly Parameter[] | undefined
  readonly Tags?: readonly Tag[] | undefined
  readonly Capabilities?: readonly string[] | undefined
}

/** Template, parameters and tags of a request, with what the stack had before where it is to be kept. */
export function readInput(call: Call, stack: Stack | undefined, source: Source): Input {
  const previous = stack?.input
  const body =
    source.TemplateBody ??
    (source.TemplateURL === undefined ? undefined : readTemplateUrl(call, source.TemplateURL)) ??
    (source.UsePreviousTemplate ? previous?.templateBody : undefined)
  if (body === undefined)
    throw new AwsError('ValidationError', 'Either Template URL or Template Body must be specified.')
  const template = parseTemplate(body, source.TemplateBody !== undefined)
  checkCapabilities(Object.values(template.Resources), source.Capabilities ?? [])
  return {
    templateBody: body,
    template,
    parameters: parameterValues(template, source.Parameters ?? [], previous?.parameters ?? new Map()),
    tags: source.Tags ? Object.fromEntries(tagsFrom(source.Tags)) : (previous?.tags ?? {}),
  }
}

function checkCapabilities(
  resources: readonly { Type: string; Properties?: Readonly<Record<string, unknown>> }[],
  given: readonly string[],
) {
  const names: Readonly<Record<string, string>> = {
    'AWS::IAM::Group': 'GroupName',
    'AWS::IAM::InstanceProfile': 'InstanceProfileName',
    'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
    'AWS::IAM::Role': 'RoleName',
    'AWS::IAM::User': 'UserName',
  }
  const iam = resources.filter(({ Type }) => Type.startsWith('AWS::IAM::'))
  const named = iam.some(({ Type, Properties }) => Properties?.[names[Type] ?? ''] !== undefined)
  const needed = named ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'
  const enough = given.includes('CAPABILITY_NAMED_IAM') || (!named && given.includes('CAPABILITY_IAM'))
  if (iam.length > 0 && !enough) {
    throw new AwsError('InsufficientCapabilitiesException', `Requires capabilities : [${needed}]`)
  }
}

/** @throws AwsError for deployments that do not wait or do not roll back. */
export function checkMode({ Mode: mode = 'STANDARD', DisableRollback: disable = false }: DeploymentConfig = {}): void {
  if (mode !== 'STANDARD' || disable) {
    throw new AwsError('NotInAwsDouble', 'deployments without waiting or rollback are not part of the double', 501)
  }
}

/** Deployments go on by themselves; short ones are over before the answer, so that nobody polls for nothing. */
export async function settle(work: Promise<void>): Promise<void> {
  await Promise.race([work, delay(1000)])
}
