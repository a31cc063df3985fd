import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { SeparationFlags } from './command.ts'

export function registerSeparation(program: Command, context: Context): void {
  program
    .command('prove-separation')
    .description(
      'prove from the templates of all accounts that nobody reaches two key shares; fails when somebody does',
    )
    .option('--deployed', 'take the stacks of this account as they are deployed')
    .option('--administrator <account=name...>', 'who has all power in an account, where one person has it in several')
    .action(async (flags: SeparationFlags) => (await import('./command.ts')).proveSeparationCommand(context, flags))
}
