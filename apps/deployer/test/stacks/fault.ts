import type { Deployment } from '../../src/model.ts'
import type { StackTemplate } from '../../src/stacks/checks/index.ts'

type Change = (properties: Record<string, unknown>) => void

export interface Fault {
  readonly what: string
  /** The invariant that must name it. */
  readonly caughtBy: string
  readonly seed: (templates: StackTemplate[], deployment: Deployment) => void
}

export const stackOf = (templates: readonly StackTemplate[], ending: string) => {
  const found = templates.find(({ stack }) => stack.endsWith(ending))
  if (found === undefined) throw new Error(`no stack ${ending}`)
  return found
}

/** Changes the properties of one resource. */
export const change =
  (ending: string, id: string, by: Change): Fault['seed'] =>
  templates => {
    const resource = stackOf(templates, ending).template.Resources[id]
    if (resource?.Properties === undefined) throw new Error(`no resource ${id}`)
    by(resource.Properties as Record<string, unknown>)
  }

/** Gives properties of one resource other values. */
export const set = (ending: string, id: string, values: Record<string, unknown>): Fault['seed'] =>
  change(ending, id, properties => Object.assign(properties, values))

/** Adds a resource. */
export const add =
  (ending: string, resource: { Type: string; Properties: Record<string, unknown> }): Fault['seed'] =>
  templates => {
    Object.assign(stackOf(templates, ending).template.Resources, { Seeded: resource })
  }

export const root = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` })

export interface RawStatement {
  Sid: string
  Action: string[]
  Principal?: unknown
  Condition?: Record<string, Record<string, unknown> | undefined>
}

/** A statement of a policy document, to be changed. */
export function statement(properties: Record<string, unknown>, document: string, sid: string): RawStatement {
  const { Statement } = properties[document] as { Statement: RawStatement[] }
  const found = Statement.find(({ Sid }) => Sid === sid)
  if (found === undefined) throw new Error(`no statement ${sid}`)
  return found
}
