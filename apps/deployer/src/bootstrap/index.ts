import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { targets } from '../targets.ts'

/** The command of step 16. */
export function registerBootstrap(program: Command, context: Context): void {
  const name = 'bootstrap-policies-and-users'
  program
    .command(name)
    .description(targets[name]?.purpose ?? '')
    .action(async () => (await import('./tenant.ts')).bootstrapTenant(context))
}
