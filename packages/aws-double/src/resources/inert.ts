import { authorize } from '../call.ts'
import { AwsError } from '../errors.ts'
import {
  generatedName,
  type Made,
  type Provider,
  type ResourceCall,
  textOf,
} from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'

/** How a type that the double only keeps is made. */
export type InertType = {
  /** Actions that its creation, change and removal need. */
  readonly create: readonly string[]
  readonly update?: readonly string[]
  readonly remove: readonly string[]
  /** Resource part of its ARN, for example `vpc/vpc-1`. */
  readonly path: (id: string, properties: Properties) => string
  /** Its id: prefix of a random one, or taken from its properties. */
  readonly id: string | ((properties: Properties, call: ResourceCall) => string)
  readonly attributes?: (id: string, properties: Properties, call: ResourceCall) => Readonly<Record<string, string>>
  /** What `Ref` gives, when it is not the id. */
  readonly ref?: (id: string, call: ResourceCall) => string
  /** Further checks before it is made. */
  readonly check?: (properties: Properties, call: ResourceCall) => void
  /** Services without resource-level permissions, or whose ARN has no account or region. */
  readonly arn?: (id: string, call: ResourceCall) => string
}

export const inertKey = (
  type: string,
  id: string,
  { account, region }: Pick<ResourceCall, 'account' | 'region'>,
): string => `${account} ${region} ${type} ${id}`

const randomHex = (call: ResourceCall, length: number): string =>
  Buffer.from(call.world.random(length)).toString('hex').slice(0, length)

const serviceOf = (action: string | undefined): string => action?.split(':')[0] ?? ''

function arnFor(inert: InertType, id: string, properties: Properties, call: ResourceCall): string {
  const service = serviceOf(inert.create[0])
  return inert.arn?.(id, call) ?? `arn:aws:${service}:${call.region}:${call.account}:${inert.path(id, properties)}`
}

function authorizeAll(call: ResourceCall, actions: readonly string[], resource: string): void {
  // Descriptions have no resource-level permissions.
  for (const action of actions)
    authorize(call, { action, resource: /:(Describe|List|Get)/.test(action) ? '*' : resource })
}

/** @returns a provider of a type that exists and has attributes, and does nothing. */
export function inertProvider(type: string, inert: InertType): Provider {
  const made = (id: string, properties: Properties, call: ResourceCall): Made => ({
    physicalId: inert.ref?.(id, call) ?? id,
    attributes: inert.attributes?.(id, properties, call) ?? {},
  })
  const idFrom = (physicalId: string, call: ResourceCall): string => {
    if (!inert.ref) return physicalId
    const found = [...call.world.inert.values()].find(
      ({ type: other, id }) => other === type && inert.ref?.(id, call) === physicalId,
    )
    return found?.id ?? physicalId
  }
  return {
    create(properties, call) {
      const id = typeof inert.id === 'string' ? `${inert.id}${randomHex(call, 17)}` : inert.id(properties, call)
      authorizeAll(call, inert.create, arnFor(inert, id, properties, call))
      inert.check?.(properties, call)
      const { account, region, world } = call
      const key = inertKey(type, id, call)
      if (world.inert.has(key)) throw new AwsError('AlreadyExists', `${id} already exists (${type})`)
      world.inert.set(key, { type, id, account, region, properties })
      return made(id, properties, call)
    },
    update(physicalId, properties, _, call) {
      const id = idFrom(physicalId, call)
      authorizeAll(call, inert.update ?? inert.create, arnFor(inert, id, properties, call))
      inert.check?.(properties, call)
      const { account, region, world } = call
      world.inert.set(inertKey(type, id, call), { type, id, account, region, properties })
      return made(id, properties, call)
    },
    remove(physicalId, properties, call) {
      const id = idFrom(physicalId, call)
      authorizeAll(call, inert.remove, arnFor(inert, id, properties, call))
      call.world.inert.delete(inertKey(type, id, call))
    },
  }
}

/** The name that a property gives, else one of CloudFormation's kind. */
export const named =
  (property: string, max = 64) =>
  (properties: Properties, call: ResourceCall): string =>
    textOf(properties, property) ?? generatedName(call, max)
