import { describeRestriction } from '@trivault/policy'
import { Command } from 'commander'
import { readText } from '../files.ts'
import type { Open } from '../session.ts'
import { objectIn } from './operations.ts'
import { diffCommand, testCommand } from './policy-test.ts'
import { idOption, initiatorOption, startAndTell, timeoutOption, type WaitOptions, waitOption } from './progress.ts'

export function policyCommands(open: Open): Command {
  const policy = new Command('policy').description('transaction rules')
  policy
    .command('list')
    .description('the rules in force, from the certified log')
    .action(async (_options, command: Command) => {
      const session = open(command)
      const { state } = await session.replica()
      const rules = state.restrictions.values().sort((a, b) => (a.RestrictionID < b.RestrictionID ? -1 : 1))
      const lines = rules.flatMap(rule => {
        const [title = '', ...rest] = describeRestriction(rule)
        return [title, ...rest.map(line => `  ${line}`)]
      })
      session.print(rules, rules.length === 0 ? 'no rules: transactions need the owners' : lines)
    })
  policy
    .command('set')
    .description('start a change: the file holds one rule to add, or an object with Add and Delete')
    .requiredOption('--file <file>', 'JSON; - reads the standard input')
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (options: WaitOptions & { file: string; initiator?: string; id?: string }, command: Command) => {
      const session = open(command)
      const text = options.file === '-' ? await session.terminal.readInput() : readText(options.file)
      const content = objectIn(text, options.file)
      const body = 'Add' in content || 'Delete' in content ? content : { Add: content }
      const limited = [body.Add, body.Delete].some(
        rule => typeof rule === 'object' && rule !== null && 'Velocity' in rule,
      )
      await startAndTell(session, 'updateTransactionRestriction', body, options, limited)
    })
  policy.addCommand(testCommand(open))
  policy.addCommand(diffCommand(open))
  return policy
}
