import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** Is it healthy, and if not, what is to be done. */
export function registerStatus(program: Command, context: Context): void {
  program
    .command('status')
    .description('healthy, or what is not: stacks, secrets, services, wallet and nodes of this account')
    .action(async () => (await import('./status.ts')).status(context))
  program
    .command('doctor')
    .description(
      'status, and deeper: clock, drift of configuration and images, PCRs of the key policies, certificates, sign-in',
    )
    .action(async () => (await import('./doctor.ts')).doctor(context))
}
