import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { declaredRole } from '../preflight.ts'
import type { SeparationFlags } from './command.ts'

export function registerSeparation(program: Command, context: Context): void {
  program
    .command('prove-separation')
    .description(
      'prove from the templates of all accounts that nobody reaches two key shares; fails when somebody does',
    )
    .option('--deployed', 'take the stacks of this account as they are deployed, and its key policies as KMS has them')
    .option('--administrator <account=name...>', 'who has all power in an account, where one person has it in several')
    .option(
      '--also-image <file...>',
      'pcr.json of an image that may use the keys too, such as the one before an upgrade',
    )
    .action(async (flags: SeparationFlags) => (await import('./command.ts')).proveSeparationCommand(context, flags))
  program
    .command('admin-policy')
    .description('print the IAM policy that suffices for the steps of ROLE and names nothing of another node’s account')
    .action(async () => {
      const role = declaredRole(context)
      if (role === undefined)
        throw new DeployerError(
          'missing-variable',
          'ROLE is not set: whose policy?',
          'export ROLE=infrastructure-admin',
        )
      const { adminPolicy } = await import('./admin-policy.ts')
      const { settings } = context
      const delivery = { bucket: settings.require('DELIVERY_BUCKET'), registry: settings.require('DELIVERY_REGISTRY') }
      const policy = adminPolicy(context.deployment(), role, delivery)
      context.out.result(policy, JSON.stringify(policy, null, 2))
    })
}
