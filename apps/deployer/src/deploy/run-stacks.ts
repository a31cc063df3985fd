import type { Context } from '../context.ts'
import type { Step } from '../output.ts'
import type { StackRequest } from '../stacks/index.ts'
import { type DeployedStack, deployStack, diffStack } from './toolkit.ts'

export interface StackStep {
  readonly title: string
  readonly request: StackRequest
  readonly parameters?: Readonly<Record<string, string>>
}

/** A step that deploys one stack, or with --dry-run shows what it would change; puts its result into `done`. */
export function stackStep(context: Context, { title, request, parameters }: StackStep, done: DeployedStack[]): Step {
  return {
    title,
    async run(tell) {
      if (context.flags.dryRun) {
        const { name, diff } = await diffStack(context, request)
        done.push({ name, changed: diff !== '', outputs: {} })
        if (diff === '') return `${name}: nothing would change`
        context.out.say(diff)
        return `${name}: would change`
      }
      const stack = await deployStack(context, { request, tell, ...(parameters && { parameters }) })
      done.push(stack)
      return stack.changed ? `${stack.name}: deployed` : `${stack.name}: no changes`
    },
  }
}

/** One command's answer: what it did to each stack, and what is due next. */
export function tellStacks(context: Context, done: readonly DeployedStack[], next: readonly string[] = []): void {
  const { dryRun } = context.flags
  const changed = done.filter(stack => stack.changed)
  const names = changed.map(stack => stack.name).join(', ')
  const word =
    changed.length === 0
      ? dryRun
        ? 'nothing would change'
        : 'no changes: everything was so already'
      : `${dryRun ? 'would change' : 'changed'}: ${names}`
  context.out.result({ dryRun, stacks: done, next }, [word, ...next].join('\n'))
}
