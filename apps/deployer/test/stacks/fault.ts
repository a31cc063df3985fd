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

/** Adds a resource. */
export const add =
  (ending: string, resource: { Type: string; Properties: Record<string, unknown> }): Fault['seed'] =>
  templates => {
    Object.assign(stackOf(templates, ending).template.Resources, { Seeded: resource })
  }

export const root = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` })
