import type { Context } from '../context.ts'
import type { PcrSet } from '../model.ts'
import { readTemplate } from './stack-state.ts'

const PREFIX = 'kms:RecipientAttestation:'

/** The measurements that a node's key answers now, in the order of its policy; none when there is no stack. */
export async function deployedPcrs(context: Context, stack: string): Promise<PcrSet[]> {
  const template = await readTemplate(context, stack)
  const key = template?.Resources?.NodeKey?.Properties as { KeyPolicy?: { Statement?: unknown[] } } | undefined
  return (key?.KeyPolicy?.Statement ?? []).flatMap(statement => {
    const { Condition = {} } = statement as { Condition?: Record<string, Record<string, string>> }
    const registers = Object.entries(Condition.StringEqualsIgnoreCase ?? {})
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, value]) => [name.slice(PREFIX.length), value])
    return registers.length === 0 ? [] : [Object.fromEntries(registers) as PcrSet]
  })
}
