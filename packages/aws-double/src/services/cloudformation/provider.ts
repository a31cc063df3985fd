import type { Call } from '../../call.ts'
import type { Properties } from './store.ts'

/** A call that deploys one resource of a stack. */
export type ResourceCall = Call & {
  readonly stackName: string
  readonly logicalId: string
  /** Tags of the stack, which its resources inherit. */
  readonly stackTags: ReadonlyMap<string, string>
  /** Told when there is something that a rollback must remove, although the creation is not over. */
  readonly began: (physicalId: string) => void
}

export type Made = {
  readonly physicalId: string
  readonly attributes: Readonly<Record<string, string>>
}

/**
 * What makes, changes and removes resources of one type, each under the permissions of who deploys. A change that
 * CloudFormation's specification calls a replacement is made as `create`, then `remove` of the old one.
 */
export type Provider = {
  create(properties: Properties, call: ResourceCall): Made | Promise<Made>
  /** Absent: every change replaces. */
  update?(physicalId: string, properties: Properties, previous: Properties, call: ResourceCall): Made | Promise<Made>
  remove(physicalId: string, properties: Properties, call: ResourceCall): void | Promise<void>
  /** Properties that it takes; others are refused. Absent: all of CloudFormation's specification. */
  readonly properties?: readonly string[]
}

/** Tags of the resource's own `Tags` property and the stack's. */
export function resourceTags(call: ResourceCall, tags: unknown): ReadonlyMap<string, string> {
  const own = Array.isArray(tags) ? (tags as readonly { readonly Key: string; readonly Value: unknown }[]) : []
  return new Map([...call.stackTags, ...own.map(({ Key, Value }) => [Key, String(Value)] as const)])
}

/** A name of CloudFormation's kind for what the template does not name. */
export const generatedName = (call: ResourceCall, max = 64): string => {
  const suffix = Buffer.from(call.world.random(6)).toString('hex').toUpperCase()
  return `${`${call.stackName}-${call.logicalId}`.slice(0, max - suffix.length - 1)}-${suffix}`
}

/** The text of a property. */
export const textOf = (properties: Properties, name: string): string | undefined => {
  const value = properties[name]
  return value === undefined ? undefined : String(value)
}
