import { Command } from 'commander'
import { readText } from '../files.ts'
import type { Open } from '../session.ts'
import { objectIn } from './operations.ts'

export function setupCommand(open: Open): Command {
  return new Command('setup')
    .description('populate a fresh vault, once: owners, quorum, master keys, accounts and chains')
    .requiredOption('--file <file>', 'the body of POST /api/tenants/default/setup as JSON; - reads the standard input')
    .action(async ({ file }: { file: string }, command: Command) => {
      const session = open(command)
      const text = file === '-' ? await session.terminal.readInput() : readText(file)
      const client = await session.client()
      await client.call('setupDefaultTenant', { body: objectIn(text, file) })
      session.print({ SetUp: true }, 'The vault is set up: now the owners pair their devices')
    })
}
