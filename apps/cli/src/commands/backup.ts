import { fromBase64 } from '@trivault/codec'
import { type Curve, decodeBackupFile } from '@trivault/protocol'
import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { writeNewPrivate } from '../files.ts'
import type { Open } from '../session.ts'
import { initiatorOption, requireNotFailed, timeoutOption, type WaitOptions } from './progress.ts'

/** A backup file per curve, side by side. */
const suffixes: Readonly<Record<Curve, string>> = { ECDSA_SECP256K1: '', EdDSA_Ed25519: '.ed25519' }

type Options = WaitOptions & { out: string; operation?: string; initiator?: string }

export function backupCommand(open: Open): Command {
  return new Command('backup')
    .description('hand out the encrypted backup of a master key; waits for its approvals')
    .argument('<name>', 'the master key')
    .requiredOption(
      '--out <file>',
      'a new file (mode 0600) for trivault-recovery; the key on Ed25519 gets .ed25519 appended',
    )
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
      const backups = status.Result?.Backup ?? []
      if (backups.length === 0) throw new CliError('failed', `operation ${id} returned no backup: is it a backup?`)
      const files = backups.map(({ Type, Backup }) => {
        const bytes = fromBase64(Backup)
        const { masterKey, curve } = decodeBackupFile(bytes)
        if (masterKey !== Name || curve !== Type)
          throw new CliError(
            'untrusted',
            `the backup is of master key ${masterKey} on ${curve}, not of ${Name} on ${Type}`,
          )
        return { Curve: curve, File: `${options.out}${suffixes[curve]}`, bytes }
      })
      for (const { File, bytes } of files) writeNewPrivate(File, bytes)
      session.print(
        {
          OperationID: id,
          MasterKey: Name,
          Files: files.map(({ bytes, ...file }) => ({ ...file, Bytes: bytes.length })),
        },
        files.map(({ Curve, File }) => `Wrote ${File} (${Curve})`),
      )
    })
}
