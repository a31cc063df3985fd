import type { StackTemplate } from '../../src/stacks/checks/index.ts'
import { statementsOf } from '../../src/stacks/checks/template.ts'

/** A stack on a page: its resources by type, and every statement that allows something. */
export function summary(stack: StackTemplate): string {
  const { stack: name, account, region, terminationProtection, template } = stack
  const types = new Map<string, string[]>()
  for (const [id, { Type }] of Object.entries(template.Resources)) types.set(Type, [...(types.get(Type) ?? []), id])
  const allowed = statementsOf(stack)
    .filter(({ effect }) => effect === 'Allow')
    .map(({ resource, sid, actions, conditions }) => {
      const keys = Object.values(conditions).flatMap(Object.keys)
      return `    ${resource} ${sid}: ${actions.length > 6 ? `${actions.length} actions` : actions.join(' ')}${keys.length > 0 ? ` if ${keys.join(' ')}` : ''}`
    })
  return [
    `${name} ${account} ${region}${terminationProtection ? ' protected' : ''}`,
    ...[...types].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, ids]) => `  ${type} ${ids.length}`),
    ...allowed,
    '',
  ].join('\n')
}
