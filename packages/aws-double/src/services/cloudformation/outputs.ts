import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { exportsOf } from './plan.ts'
import { resolve, type Scope } from './resolve.ts'
import type { Input, Stack, StackOutput } from './store.ts'

type Place = { readonly call: Call; readonly stack: Stack }

/** Values of a template's outputs. @throws AwsError for an export that another stack has. */
export function outputsOf({ call, stack }: Place, { template }: Input, scope: Scope): readonly StackOutput[] {
  return Object.entries(template.Outputs ?? {})
    .filter(([, { Condition: condition }]) => condition === undefined || scope.condition(condition))
    .map(([key, output]) => {
      const exportName = output.Export && String(resolve(output.Export.Name, scope))
      const owner = exportName === undefined ? undefined : exportsOf(call).get(exportName)?.stack
      if (owner && owner !== stack) {
        throw new AwsError(
          'ValidationError',
          `Export with name ${exportName} is already exported by stack ${owner.name}.`,
        )
      }
      return { key, value: String(resolve(output.Value, scope)), description: output.Description, exportName }
    })
}

/** An export that another stack imports neither goes nor changes. @throws AwsError */
export function checkExports({ call, stack }: Place, outputs: readonly StackOutput[]): void {
  for (const { exportName, value } of stack.outputs) {
    if (exportName === undefined) continue
    const kept = outputs.find(output => output.exportName === exportName)
    if (kept?.value === value) continue
    const user = importerOf(call, exportName)
    if (user) {
      throw new AwsError('ValidationError', `Export ${exportName} cannot be updated as it is in use by ${user.name}`)
    }
  }
}

export function importerOf({ world, account, region }: Call, exportName: string): Stack | undefined {
  const importsIt = (value: unknown): boolean =>
    JSON.stringify(value ?? null).includes(JSON.stringify({ 'Fn::ImportValue': exportName }).slice(1, -1))
  return [...world.cloudformation.stacks.values()].find(
    stack =>
      stack.account === account &&
      stack.region === region &&
      stack.status !== 'DELETE_COMPLETE' &&
      importsIt(stack.input?.template),
  )
}
