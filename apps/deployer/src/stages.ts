import type { Command } from 'commander'
import type { Context } from './context.ts'
import { targets } from './targets.ts'

/** Registers the wrappers of several steps: the same commands in the same order, each with its own checks. */
export function registerStages(program: Command, context: Context, programFor: (context: Context) => Command): void {
  for (const [name, { purpose, sequence }] of Object.entries(targets))
    if (sequence !== undefined)
      program
        .command(name)
        .description(`${purpose}: ${sequence.join(', ')}`)
        .action(() => runStage(context, name, sequence, programFor))
}

/** Every step does only what is left to do, so a stage that stopped is simply run again. */
async function runStage(
  context: Context,
  stage: string,
  sequence: readonly string[],
  programFor: (context: Context) => Command,
): Promise<void> {
  const results: { command: string; result: unknown }[] = []
  const { out, flags } = context
  for (const [index, command] of sequence.entries()) {
    const place = `${index + 1}/${sequence.length} ${command}`
    out.say(place)
    const result = (value: unknown, text: string): void => {
      results.push({ command, result: value })
      if (!flags.json) out.result(value, text)
    }
    try {
      await programFor({ ...context, out: { ...out, result } }).parseAsync([command], { from: 'user' })
    } catch (error) {
      out.warn(`! ${stage} stopped at ${place}; once it is mended run \`make ${stage}\` again: what is done stays done`)
      throw error
    }
  }
  if (flags.json) out.result({ stage, steps: results }, '')
}
