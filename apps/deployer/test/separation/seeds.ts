import { expect } from 'vitest'
import { proveSeparation } from '../../src/separation/report.ts'
import type { StackTemplate } from '../../src/stacks/checks/index.ts'
import { pcrs, type synthesiseLayout } from '../stacks/layouts.ts'

export const WALLET = '111111111111'
export const STRANGER = '555555555555'

export type Statement = Readonly<Record<string, unknown>>
export type Properties = Record<string, unknown>

/** Adds to a template; the properties are of the resource in the stack whose name ends so. */
export const at =
  (ending: string, id: string, change: (properties: Properties) => void) => (templates: StackTemplate[]) => {
    const properties = templates.find(({ stack }) => stack.endsWith(ending))?.template.Resources[id]?.Properties
    if (properties === undefined) throw new Error(`no ${id} in …${ending}`)
    change(properties as Properties)
  }

export const plus = (ending: string, id: string, property: string, statement: unknown) =>
  at(ending, id, properties => (properties[property] as { Statement: unknown[] }).Statement.push(statement))

export const resource =
  (ending: string, id: string, made: { Type: string; Properties: Properties }) => (templates: StackTemplate[]) => {
    const found = templates.find(({ stack }) => stack.endsWith(ending))
    if (found === undefined) throw new Error(`no stack …${ending}`)
    ;(found.template.Resources as Record<string, unknown>)[id] = made
  }

/** What is told when the templates were changed so. */
export function toldOf(
  { deployment, templates }: ReturnType<typeof synthesiseLayout>,
  seed: (templates: StackTemplate[]) => void,
): string {
  const changed = structuredClone(templates)
  seed(changed)
  const { holds, violations } = proveSeparation({ deployment, templates: changed, administrators: {}, images: [pcrs] })
  expect(holds).toBe(violations.length === 0)
  return violations.join('\n')
}
