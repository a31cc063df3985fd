import { Command } from 'commander'
import { registerBootstrap } from './bootstrap/index.ts'
import { registerConfig } from './config/commands.ts'
import type { Context } from './context.ts'
import { registerDelivery } from './delivery/index.ts'
import { registerDeploy } from './deploy/index.ts'
import { beforeCommand } from './preflight.ts'
import { registerSecrets } from './secrets/index.ts'
import { registerSeparation } from './separation/index.ts'
import { registerStages } from './stages.ts'
import { registerStatus } from './status/index.ts'

export function deployerProgram(context: Context): Command {
  const program = new Command('trivault-deployer')
    .description('Installs a vault into AWS accounts. Its commands are the targets of the bundle’s Makefile.')
    .option('--json', 'print one JSON document')
    .option('--dry-run', 'show what would be done, change nothing')
    .option('--yes', 'answer ordinary questions with yes')
    .hook('preAction', (_program, command) => beforeCommand(context, command.name()))
  registerConfig(program, context)
  registerDelivery(program, context)
  registerDeploy(program, context)
  registerSecrets(program, context)
  registerBootstrap(program, context)
  registerSeparation(program, context)
  registerStatus(program, context)
  registerStages(program, context, deployerProgram)
  return program
}
