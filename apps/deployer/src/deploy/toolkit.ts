import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { StackRequest } from '../stacks/index.ts'
import { inTemporaryDirectory } from '../temporary.ts'
import { firstFailure, settle } from './stack-state.ts'

export interface DeployedStack {
  readonly name: string
  /** False: the stack was exactly so already. */
  readonly changed: boolean
  readonly outputs: Readonly<Record<string, string>>
}

export interface StackDeployment {
  readonly request: StackRequest
  /** Parameters that get a new value; every other one keeps the value that it has. */
  readonly parameters?: Readonly<Record<string, string>>
  /** What CloudFormation is busy with. */
  readonly tell?: (progress: string) => void
}

/**
 * Deploys one stack with the caller's own credentials, after the checks that every template must pass. Deployed as it is, it
 * stays untouched. Throws DeployerError failed (the resource that refused is named), refused, interrupted.
 */
export async function deployStack(context: Context, options: StackDeployment): Promise<DeployedStack> {
  const { request, parameters = {}, tell } = options
  const { StackParameters, StackSelectionStrategy } = await import('@aws-cdk/toolkit-lib')
  return withAssembly(context, request, async (toolkit, source, { name, region }) => {
    await settle(context, name, region, tell)
    let changed = true
    toolkit.listen(message => {
      if (message.code === 'CDK_TOOLKIT_I5900') changed = !(message.data as { noOp?: boolean }).noOp
      if (message.code === 'CDK_TOOLKIT_I5502') tellActivity(message.data as Activity, tell)
    })
    const deploying = toolkit.deploy(source, {
      stacks: { strategy: StackSelectionStrategy.ALL_STACKS },
      deploymentMethod: { method: 'change-set' },
      parameters: StackParameters.withExisting({ ...parameters }),
    })
    const { stacks } = await interruptible(context.signal, deploying).catch(async (cause: unknown) => {
      throw await failure(context, { name, region }, cause)
    })
    return { name, changed, outputs: stacks[0]?.outputs ?? {} }
  })
}

/** What a deployment would change, as text; empty when nothing. */
export async function diffStack(context: Context, request: StackRequest): Promise<{ name: string; diff: string }> {
  const { DiffMethod, StackSelectionStrategy } = await import('@aws-cdk/toolkit-lib')
  return withAssembly(context, request, async (toolkit, source, { name }) => {
    const texts: string[] = []
    toolkit.listen(message => {
      if (message.code === 'CDK_TOOLKIT_I4002') texts.push(message.message)
    })
    const diffs = await toolkit.diff(source, {
      stacks: { strategy: StackSelectionStrategy.ALL_STACKS },
      method: DiffMethod.TemplateOnly(),
    })
    const empty = Object.values(diffs).every(diff => diff.isEmpty)
    return { name, diff: empty ? '' : texts.join('\n').trim() }
  })
}

interface Message {
  readonly code?: string
  readonly level: string
  readonly message: string
  readonly data: unknown
}

/** What the toolkit reports of each resource. */
interface Activity {
  readonly event?: { LogicalResourceId?: string; ResourceStatus?: string; ResourceType?: string }
}

function tellActivity({ event }: Activity, tell?: (progress: string) => void): void {
  if (event?.ResourceStatus !== undefined)
    tell?.(`${event.ResourceStatus} ${event.ResourceType ?? ''} ${event.LogicalResourceId ?? ''}`)
}

async function failure(
  context: Context,
  stack: { name: string; region: string },
  cause: unknown,
): Promise<DeployerError> {
  if (cause instanceof DeployerError) return cause
  const why = (await firstFailure(context, stack.name, stack.region)) ?? reasonOf(cause)
  return new DeployerError(
    'failed',
    `${stack.name} was not deployed: ${why}`,
    'CloudFormation has gone back to what was there before; remove the cause and run the same command again',
    { cause },
  )
}

const reasonOf = (cause: unknown) =>
  cause instanceof Error ? cause.message.replace(/^[^\w]*/u, '') : 'for an unknown reason'

/** CloudFormation goes on without us; the next run waits for it. */
async function interruptible<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const stop = Promise.withResolvers<never>()
  const onAbort = () =>
    stop.reject(
      new DeployerError(
        'interrupted',
        'interrupted; CloudFormation goes on by itself',
        'run the same command again: it waits and goes on',
      ),
    )
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, stop.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    work.catch(() => undefined)
  }
}

type Toolkit = import('@aws-cdk/toolkit-lib').Toolkit & { listen(listener: (message: Message) => void): void }
type Source = import('@aws-cdk/toolkit-lib').ICloudAssemblySource

async function withAssembly<T>(
  context: Context,
  request: StackRequest,
  work: (toolkit: Toolkit, source: Source, stack: { name: string; region: string }) => Promise<T>,
): Promise<T> {
  // CDK's own validation takes seconds. The tests run it over every layout; here our invariants do, and CloudFormation itself.
  process.env.CDK_VALIDATION ??= 'false'
  const { buildApp } = await import('../stacks/index.ts')
  const { checkedSynth } = await import('../stacks/checks/index.ts')
  return inTemporaryDirectory(async directory => {
    const assembly = checkedSynth(context.deployment(), buildApp(context.deployment(), [request], directory))
    const [stack] = assembly.stacks
    if (stack === undefined) throw new RangeError(`no stack for ${request.kind}`)
    const toolkit = await createToolkit(context)
    const source = await toolkit.fromAssemblyDirectory(directory)
    return work(toolkit, source, { name: stack.stackName, region: stack.environment.region })
  })
}

/** The CDK toolkit in this process; it tells nobody anything: no notices, no telemetry, no questions. */
async function createToolkit(context: Context): Promise<Toolkit> {
  const { BaseCredentials, Toolkit } = await import('@aws-cdk/toolkit-lib')
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL } = context.environment
  // The toolkit's own clients see only the process's environment.
  if (AWS_ENDPOINT_URL !== process.env.AWS_ENDPOINT_URL)
    throw new RangeError('AWS_ENDPOINT_URL of the context is not that of the process')
  const region = context.settings.require('AWS_REGION')
  const credentials =
    AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY
      ? {
          accessKeyId: AWS_ACCESS_KEY_ID,
          secretAccessKey: AWS_SECRET_ACCESS_KEY,
          ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
        }
      : undefined
  const listeners: ((message: Message) => void)[] = []
  const toolkit = new Toolkit({
    color: false,
    // There is none: nothing of somebody else's CDK in this account is used.
    toolkitStackName: `${context.deployment().namespace}-${context.deployment().environment}-toolkit`,
    emojis: false,
    ioHost: {
      async notify(message) {
        for (const listener of listeners) listener(message)
      },
      requestResponse: async request => request.defaultResponse,
    },
    sdkConfig: {
      baseCredentials: credentials
        ? BaseCredentials.custom({ provider: async () => credentials, region })
        : BaseCredentials.awsCliCompatible({ defaultRegion: region }),
    },
  })
  return Object.assign(toolkit, { listen: (listener: (message: Message) => void) => void listeners.push(listener) })
}
