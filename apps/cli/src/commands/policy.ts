import { describeRestriction, type RuleKind } from '@trivault/policy'
import type { TransactionRestriction } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import { Command, Option } from 'commander'
import { readText } from '../files.ts'
import type { Open } from '../session.ts'
import { objectIn } from './operations.ts'
import { diffCommand, testCommand } from './policy-test.ts'
import { idOption, initiatorOption, startAndTell, timeoutOption, type WaitOptions, waitOption } from './progress.ts'

/** By the word of the option: what people call it, how it is changed, where it stands. */
const kinds = {
  transaction: ['transaction', 'updateTransactionRestriction', ({ restrictions }: VaultState) => restrictions],
  config: ['configuration', 'updateConfigRestriction', (state: VaultState) => state.configRestrictions],
  policy: ['policy', 'updatePolicyRestriction', (state: VaultState) => state.policyRestrictions],
} as const satisfies Record<string, readonly [RuleKind, ...unknown[]]>
type Kind = keyof typeof kinds

const kindOption = (): Option =>
  new Option('--kind <kind>', 'rules of transactions, of configuration, or of policy: groups, rates and rules')
    .choices(Object.keys(kinds))
    .default('transaction')

export function policyCommands(open: Open): Command {
  const policy = new Command('policy').description('rules of transactions, of configuration and of policy itself')
  policy
    .command('list')
    .description('the rules in force, from the certified log')
    .addOption(kindOption())
    .action(async (options: { kind: Kind }, command: Command) => {
      const session = open(command)
      const { state } = await session.replica()
      const [name, , rulesIn] = kinds[options.kind]
      const rules: TransactionRestriction[] = rulesIn(state).values()
      rules.sort((a, b) => (a.RestrictionID < b.RestrictionID ? -1 : 1))
      const lines = rules.flatMap(rule => {
        const [title = '', ...rest] = describeRestriction(rule, name)
        return [title, ...rest.map(line => `  ${line}`)]
      })
      session.print(rules, rules.length === 0 ? `no ${name} rules: the owners decide` : lines)
    })
  policy
    .command('set')
    .description('start a change: the file holds one rule to add, or an object with Add and Delete')
    .requiredOption('--file <file>', 'JSON; - reads the standard input')
    .addOption(kindOption())
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(
      async (
        options: WaitOptions & { file: string; kind: Kind; initiator?: string; id?: string },
        command: Command,
      ) => {
        const session = open(command)
        const text = options.file === '-' ? await session.terminal.readInput() : readText(options.file)
        const content = objectIn(text, options.file)
        const body = 'Add' in content || 'Delete' in content ? content : { Add: content }
        const limited = [body.Add, body.Delete].some(
          rule => typeof rule === 'object' && rule !== null && 'Velocity' in rule,
        )
        await startAndTell(session, kinds[options.kind][1], body, options, limited)
      },
    )
  policy.addCommand(testCommand(open))
  policy.addCommand(diffCommand(open))
  return policy
}
