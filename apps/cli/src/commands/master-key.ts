import { Command } from 'commander'
import type { Open } from '../session.ts'
import { idOption, initiatorOption, startAndTell, timeoutOption, type WaitOptions, waitOption } from './progress.ts'

export function masterKeyCommands(open: Open): Command {
  const keys = new Command('master-key').description('master keys')
  keys
    .command('refresh <name>')
    .description('start the refresh of its shares: same key, same addresses; the old shares are erased')
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (Name: string, options: WaitOptions & { initiator?: string; id?: string }, command: Command) =>
      startAndTell(open(command), 'refreshMasterKey', { Name }, options),
    )
  return keys
}
