import { fromBase64 } from '@trivault/codec'
import { decodeBackupFile } from '@trivault/protocol'
import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { writeNewPrivate } from '../files.ts'
import type { Open } from '../session.ts'
import { initiatorOption, requireNotFailed, timeoutOption, type WaitOptions } from './progress.ts'

type Options = WaitOptions & { out: string; operation?: string; initiator?: string }

export function backupCommand(open: Open): Command {
  return new Command('backup')
    .description('hand out the encrypted backup of a master key; waits for its approvals')
    .argument('<name>', 'the master key')
    .requiredOption('--out <file>', 'a new file (mode 0600) for trivault-recovery')
    .option('--operation <id>', 'take up an operation that was started before')
    .addOption(initiatorOption())
    .addOption(timeoutOption())
    .action(async (Name: string, options: Options, command: Command) => {
      const session = open(command)
      const client = await session.client()
      const InitiatorID = options.initiator
      const id =
        options.operation ??
        (await client.start('backupMasterKey', { Name, ...(InitiatorID !== undefined && { InitiatorID }) }))
      if (options.operation === undefined) session.terminal.err(`Operation ${id} waits for its approvals\n`)
      const status = await client.waitForOperation(id, { timeoutMs: options.timeout * 1000 })
      requireNotFailed(id, status)
      const blob = status.Result?.Backup?.[0]?.Backup
      if (blob === undefined) throw new CliError('failed', `operation ${id} returned no backup: is it a backup?`)
      const bytes = fromBase64(blob)
      const { masterKey } = decodeBackupFile(bytes)
      if (masterKey !== Name)
        throw new CliError('untrusted', `the backup is of master key ${masterKey}, not of ${Name}`)
      writeNewPrivate(options.out, bytes)
      session.print(
        { OperationID: id, MasterKey: Name, File: options.out, Bytes: bytes.length },
        `Wrote ${options.out}`,
      )
    })
}
