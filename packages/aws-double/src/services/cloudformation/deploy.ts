import { isDeepStrictEqual } from 'node:util'
import { arnOf, type Call } from '../../call.ts'
import { AwsError, notInDouble } from '../../errors.ts'
import { tagsOf } from '../../service.ts'
import { checkExports, outputsOf } from './outputs.ts'
import { creationOrder, isWanted, scopeOf } from './plan.ts'
import type { Made, Provider, ResourceCall } from './provider.ts'
import { resolve, type Scope } from './resolve.ts'
import { attributeNames, checkProperties, needsReplacement } from './spec.ts'
import type { Input, Properties, Resource, ResourceDeclaration, Stack } from './store.ts'

export type Providers = Readonly<Record<string, Provider>>

/** One deployment under way: who deploys, into which stack, with which providers. */
export type Deployment = { readonly call: Call; readonly stack: Stack; readonly providers: Providers }

/** What to do to undo one step, in the order in which it was done. */
type Undo = () => Promise<void>

const stackType = 'AWS::CloudFormation::Stack'

export function addEvent(
  { call, stack }: Pick<Deployment, 'call' | 'stack'>,
  logicalId: string,
  event: {
    readonly type: string
    readonly physicalId: string
    readonly status: string
    readonly reason?: string | undefined
  },
): void {
  const { type, physicalId, status, reason } = event
  const time = new Date(call.world.clock())
  stack.events.push({ id: crypto.randomUUID(), time, logicalId, physicalId, type, status, reason })
}

export function setStatus(deployment: Pick<Deployment, 'call' | 'stack'>, status: string, reason?: string): void {
  const { stack } = deployment
  stack.status = status
  stack.statusReason = reason
  addEvent(deployment, stack.name, { type: stackType, physicalId: stack.id, status, reason })
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export function providerOf({ providers }: Deployment, type: string): Provider {
  const provider = providers[type]
  if (!provider) throw notInDouble(`the resource type ${type}`)
  return provider
}

function resourceCall(
  { call, stack }: Deployment,
  logicalId: string,
  tags: Input['tags'],
  began: ResourceCall['began'] = () => undefined,
): ResourceCall {
  const stackTags = tagsOf(Object.entries(tags).map(([Key, Value]) => ({ Key, Value })))
  return { ...call, stackName: stack.name, logicalId, stackTags, began }
}

function resolved(
  deployment: Deployment,
  logicalId: string,
  declaration: ResourceDeclaration,
  scope: Scope,
): Properties {
  const properties = resolve(declaration.Properties ?? {}, scope) as Properties
  checkProperties(declaration.Type, properties, logicalId)
  const { properties: known } = providerOf(deployment, declaration.Type)
  const unknown = known && Object.keys(properties).find(name => !known.includes(name))
  if (unknown) throw notInDouble(`${declaration.Type} with ${unknown}`)
  return properties
}

/** Attributes as the harness wants them, of names that the type really has. */
function withHooks(
  deployment: Deployment,
  logicalId: string,
  type: string,
  properties: Properties,
  made: Made,
): Resource['attributes'] {
  const { call, stack } = deployment
  const context = { account: call.account, region: call.region, stackName: stack.name, logicalId }
  const attributes = { ...made.attributes, ...call.world.hooks.attributes?.(type, properties, context) }
  const names = attributeNames(type)
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)))
}

const isUnchanged = (
  { stack }: Deployment,
  previous: Resource,
  now: Pick<Resource, 'type' | 'properties'> & Pick<Input, 'tags'>,
): boolean =>
  previous.type === now.type &&
  isDeepStrictEqual(previous.properties, now.properties) &&
  isDeepStrictEqual(stack.input?.tags, now.tags)

async function make(
  deployment: Deployment,
  logicalId: string,
  input: Input,
  scope: Scope,
  undo: Undo[],
): Promise<void> {
  const { stack } = deployment
  const declaration = input.template.Resources[logicalId]
  if (!declaration) throw new Error(`${logicalId} is not in the template`)
  const { Type: type } = declaration
  const previous = stack.resources.get(logicalId)
  let begun: string | undefined
  let half: Properties = {}
  const own = resourceCall(deployment, logicalId, input.tags, physicalId => {
    begun = physicalId
  })
  const verb = previous ? 'UPDATE' : 'CREATE'
  const tell = (status: string, physicalId: string, reason?: string) =>
    addEvent(deployment, logicalId, { type, physicalId, status, reason })
  try {
    const properties = resolved(deployment, logicalId, declaration, scope)
    if (previous && isUnchanged(deployment, previous, { type, properties, tags: input.tags })) {
      stack.resources.set(logicalId, { ...previous, declaration })
      return
    }
    half = properties
    tell(`${verb}_IN_PROGRESS`, previous?.physicalId ?? '')
    const made = previous
      ? await change(deployment, previous, declaration, properties, own, undo)
      : await providerOf(deployment, type).create(properties, own)
    begun = undefined
    const attributes = withHooks(deployment, logicalId, type, properties, made)
    const resource: Resource = { logicalId, type, physicalId: made.physicalId, properties, attributes, declaration }
    stack.resources.set(logicalId, resource)
    undo.push(async () => {
      if (previous) stack.resources.set(logicalId, previous)
      else await discard(deployment, resource, 'rollback')
    })
    tell(`${verb}_COMPLETE`, made.physicalId)
  } catch (error) {
    tell(`${verb}_FAILED`, begun ?? previous?.physicalId ?? '', messageOf(error))
    // What a creation left half done goes with the rollback.
    if (begun !== undefined) await providerOf(deployment, type).remove(begun, half, own)
    throw new AwsError('ResourceFailure', `${logicalId}: ${messageOf(error)}`)
  }
}

async function change(
  deployment: Deployment,
  previous: Resource,
  declaration: ResourceDeclaration,
  properties: Properties,
  own: ResourceCall,
  undo: Undo[],
): Promise<Made> {
  const { Type: type } = declaration
  const provider = providerOf(deployment, type)
  const names = new Set([...Object.keys(properties), ...Object.keys(previous.properties)])
  const changed = [...names].filter(name => !isDeepStrictEqual(properties[name], previous.properties[name]))
  if (previous.type !== type || !provider.update || needsReplacement(type, changed)) {
    const made = await provider.create(properties, own)
    undo.push(async () => {
      await provider.remove(made.physicalId, properties, own)
    })
    return made
  }
  const made = await provider.update(previous.physicalId, properties, previous.properties, own)
  undo.push(async () => {
    await provider.update?.(previous.physicalId, previous.properties, properties, own)
  })
  return made
}

/** Removes a resource, or lets it be when its policy says so. */
async function discard(
  deployment: Deployment,
  resource: Resource,
  why: 'delete' | 'rollback' | 'replace',
): Promise<void> {
  const { stack } = deployment
  const { logicalId, type, physicalId, properties, declaration } = resource
  const policy = why === 'replace' ? declaration.UpdateReplacePolicy : declaration.DeletionPolicy
  const kept = policy === 'Retain' || (policy === 'RetainExceptOnCreate' && why !== 'rollback')
  if (why !== 'replace') stack.resources.delete(logicalId)
  if (kept) {
    addEvent(deployment, logicalId, { type, physicalId, status: 'DELETE_SKIPPED' })
    return
  }
  try {
    await providerOf(deployment, type).remove(physicalId, properties, resourceCall(deployment, logicalId, {}))
    addEvent(deployment, logicalId, { type, physicalId, status: 'DELETE_COMPLETE' })
  } catch (error) {
    if (why === 'delete') stack.resources.set(logicalId, resource)
    addEvent(deployment, logicalId, { type, physicalId, status: 'DELETE_FAILED', reason: messageOf(error) })
    throw error
  }
}

/** Decisions of a deployment are on record as a call of their own, made by who started it. */
function note({ call, stack }: Deployment, operation: string): void {
  const { world, caller, decisions } = call
  const outcome = /_FAILED$|ROLLBACK/.test(stack.status) ? stack.status : 'ok'
  const principal = arnOf(caller)
  const message =
    outcome === 'ok' ? undefined : stack.events.findLast(({ status }) => status.endsWith('_FAILED'))?.reason
  world.calls.push({
    time: world.clock(),
    service: 'cloudformation',
    operation,
    principal,
    outcome,
    message,
    decisions,
  })
}

/** Creates or updates a stack to an input; on failure everything goes back to how it was. Ends in a stable status, never throws. */
export async function deploy(deployment: Deployment, input: Input): Promise<void> {
  const { stack, call } = deployment
  const verb = stack.input ? 'UPDATE' : 'CREATE'
  const undo: Undo[] = []
  setStatus(deployment, `${verb}_IN_PROGRESS`, 'User Initiated')
  try {
    const scope = scopeOf(call, stack, input, stack.resources)
    const wanted = isWanted(input, scope)
    const before = new Map(stack.resources)
    for (const logicalId of creationOrder(input, wanted)) await make(deployment, logicalId, input, scope, undo)
    const outputs = outputsOf(deployment, input, scope)
    checkExports(deployment, outputs)
    stack.outputs = outputs
    stack.input = input
    await cleanUp(
      deployment,
      before,
      logicalId => Object.hasOwn(input.template.Resources, logicalId) && wanted(logicalId),
    )
    stack.updated = verb === 'UPDATE' ? new Date(call.world.clock()) : undefined
    setStatus(deployment, `${verb}_COMPLETE`)
  } catch (error) {
    await rollBack(deployment, verb, undo, messageOf(error))
  }
  note(deployment, `deployment of ${stack.name}`)
}

/** Removes what was replaced and what is no longer wanted, the youngest first. Failures here do not undo the update. */
async function cleanUp(deployment: Deployment, before: ReadonlyMap<string, Resource>, wanted: (id: string) => boolean) {
  const { stack } = deployment
  for (const resource of [...before.values()].reverse()) {
    const now = stack.resources.get(resource.logicalId)
    const replaced = now !== undefined && now.physicalId !== resource.physicalId
    if (wanted(resource.logicalId) && !replaced) continue
    await discard(deployment, resource, replaced ? 'replace' : 'delete').catch(() => undefined)
    if (!wanted(resource.logicalId)) stack.resources.delete(resource.logicalId)
  }
}

async function rollBack(
  deployment: Deployment,
  verb: 'CREATE' | 'UPDATE',
  undo: readonly Undo[],
  reason: string,
): Promise<void> {
  const prefix = verb === 'CREATE' ? 'ROLLBACK' : 'UPDATE_ROLLBACK'
  setStatus(deployment, `${prefix}_IN_PROGRESS`, reason)
  try {
    for (const step of [...undo].reverse()) await step()
    setStatus(deployment, `${prefix}_COMPLETE`)
  } catch (error) {
    setStatus(deployment, `${prefix}_FAILED`, messageOf(error))
  }
}

/** Deletes all resources of a stack, the youngest first. Ends in DELETE_COMPLETE or DELETE_FAILED. */
export async function destroy(deployment: Deployment): Promise<void> {
  const { stack } = deployment
  setStatus(deployment, 'DELETE_IN_PROGRESS', 'User Initiated')
  try {
    for (const resource of [...stack.resources.values()].reverse()) await discard(deployment, resource, 'delete')
    stack.outputs = []
    setStatus(deployment, 'DELETE_COMPLETE')
  } catch (error) {
    setStatus(deployment, 'DELETE_FAILED', messageOf(error))
  }
  note(deployment, `deletion of ${stack.name}`)
}
