import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'

export interface StackState {
  readonly status: string
  readonly parameters: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}

/** A template as far as we look into it. */
export interface Template {
  readonly Resources?: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >
}

/** Undefined when there is no such stack. */
export async function readStack(context: Context, name: string, region?: string): Promise<StackState | undefined> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation')
  const client = context.aws.client(CloudFormationClient, region)
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }))
    const stack = Stacks?.[0]
    if (stack?.StackStatus === undefined) return undefined
    return {
      status: stack.StackStatus,
      parameters: Object.fromEntries((stack.Parameters ?? []).map(p => [p.ParameterKey ?? '', p.ParameterValue ?? ''])),
      outputs: Object.fromEntries((stack.Outputs ?? []).map(o => [o.OutputKey ?? '', o.OutputValue ?? ''])),
      tags: Object.fromEntries((stack.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError' && error.message.includes('does not exist'))
      return undefined
    throw error
  }
}

/** The deployed template; undefined when there is no such stack. */
export async function readTemplate(context: Context, name: string, region?: string): Promise<Template | undefined> {
  if ((await readStack(context, name, region)) === undefined) return undefined
  const { CloudFormationClient, GetTemplateCommand } = await import('@aws-sdk/client-cloudformation')
  const { TemplateBody } = await context.aws
    .client(CloudFormationClient, region)
    .send(new GetTemplateCommand({ StackName: name, TemplateStage: 'Original' }))
  // The toolkit sends YAML, of which JSON is a part.
  const { parse } = await import('yaml')
  return (parse(TemplateBody ?? '') as Template | null) ?? undefined
}

/** Which resource failed first in the newest deployment, and why; undefined when no resource did. */
export async function firstFailure(context: Context, name: string, region: string): Promise<string | undefined> {
  const { CloudFormationClient, DescribeStackEventsCommand } = await import('@aws-sdk/client-cloudformation')
  const { StackEvents = [] } = await context.aws
    .client(CloudFormationClient, region)
    .send(new DescribeStackEventsCommand({ StackName: name }))
    .catch(() => ({ StackEvents: [] }))
  // Newest first; a deployment begins where the stack itself goes into progress.
  const start = StackEvents.findIndex(
    event =>
      event.ResourceType === 'AWS::CloudFormation::Stack' &&
      /^(CREATE|UPDATE)_IN_PROGRESS$/.test(event.ResourceStatus ?? ''),
  )
  const failed = StackEvents.slice(0, start === -1 ? undefined : start)
    .reverse()
    .find(
      event =>
        event.ResourceStatus?.endsWith('_FAILED') &&
        !event.ResourceStatusReason?.startsWith('Resource creation cancelled'),
    )
  return failed && `${failed.LogicalResourceId} (${failed.ResourceType}): ${failed.ResourceStatusReason}`
}

const POLL_MS = 3_000

/**
 * Waits while CloudFormation is at work on the stack, as after Ctrl-C, and clears away a creation that failed. What `tell` throws
 * ends it. Throws DeployerError refused for a stack of another environment.
 */
export async function settle(
  context: Context,
  name: string,
  region: string,
  tell?: (progress: string) => void | Promise<void>,
): Promise<void> {
  let state = await readStack(context, name, region)
  if (state !== undefined) refuseForeign(context, name, state)
  while (state?.status.endsWith('_IN_PROGRESS')) {
    await tell?.(`waiting: CloudFormation says ${state.status}`)
    await sleep(context, POLL_MS)
    state = await readStack(context, name, region)
  }
  if (state?.status === 'ROLLBACK_COMPLETE') await allowDeletion(context, name, region)
  if (state?.status === 'ROLLBACK_FAILED' || state?.status === 'UPDATE_ROLLBACK_FAILED')
    throw new DeployerError(
      'failed',
      `${name} is in state ${state.status}`,
      'continue or delete the rollback in the CloudFormation console, then run the same command again',
    )
}

/** `acme` `main-eu` and `acme-main` `eu` give stacks of one name: in one account only the first of the two may have it. */
function refuseForeign(context: Context, name: string, { tags }: StackState): void {
  const { namespace, environment } = context.deployment()
  const { 'trivault:namespace': itsNamespace, 'trivault:environment': itsEnvironment } = tags
  // One whose creation never began has no tags.
  if (itsNamespace === undefined || (itsNamespace === namespace && itsEnvironment === environment)) return
  throw new DeployerError(
    'refused',
    `the stack ${name} of this account is of ${itsNamespace} ${itsEnvironment}, not of ${namespace} ${environment}`,
    'choose another NAMESPACE or ENV_PREFIX for this environment, in customer-config.yml too',
  )
}

/** A stack that was never completed holds nothing; the toolkit deletes it and begins anew. */
async function allowDeletion(context: Context, name: string, region: string): Promise<void> {
  const { CloudFormationClient, UpdateTerminationProtectionCommand } = await import('@aws-sdk/client-cloudformation')
  await context.aws
    .client(CloudFormationClient, region)
    .send(new UpdateTerminationProtectionCommand({ StackName: name, EnableTerminationProtection: false }))
}

/** Throws DeployerError interrupted. */
export async function sleep(context: Context, ms: number): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, ms)
    context.signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
  if (context.signal.aborted)
    throw new DeployerError('interrupted', 'interrupted', 'run the same command again: it goes on where it stopped')
}
