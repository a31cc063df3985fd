import { agreedViews } from '@trivault/approval'
import { makeReceipt } from '@trivault/client'
import { toHex } from '@trivault/codec'
import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { readBytes, writeNewPrivate } from '../files.ts'
import { parseKeys } from '../pins.ts'
import { verifyReceipt } from '../receipt-verify.ts'
import { fetchLog } from '../replica.ts'
import type { Open } from '../session.ts'

export function receiptCommands(open: Open): Command {
  const receipt = new Command('receipt').description('one file that proves one signature')
  receipt
    .command('get <operation>')
    .description('write the receipt of a signature: intent, approvals, verdicts, certificates, signature')
    .requiredOption('--out <file>', 'a new file (mode 0600)')
    .option('--part <number>', 'of an operation with several transactions', '0')
    .option('--variant <number>', 'a variant of that part (default: the last one that is signed)')
    .action(async (id: string, options: { out: string; part: string; variant?: string }, command: Command) => {
      const session = open(command)
      const client = await session.client()
      const { replica, entries } = await fetchLog(client, session.genesis())
      const verdicts = await client.call('trivaultOperationVerdicts', { params: { operationID: id } })
      agreedViews(replica, id, verdicts)
      const variant = options.variant === undefined ? undefined : numberOf(options.variant, '--variant')
      const file = makeReceipt(replica.state, entries, id, verdicts, numberOf(options.part, '--part'), variant)
      verifyReceipt(file, replica.genesis.identityKeys)
      writeNewPrivate(options.out, file)
      session.print({ File: options.out, Bytes: file.length }, `Wrote ${options.out}`)
    })
  receipt
    .command('verify <file>')
    .description('check a receipt offline, with the public keys of the three nodes alone')
    .option('--keys <hex,hex,hex>', 'identity keys of nodes 0, 1 and 2, instead of --pins')
    .action((path: string, options: { keys?: string }, command: Command) => {
      const session = open(command)
      if (options.keys !== undefined && session.options.pins !== undefined)
        throw new CliError('usage', 'give --keys or --pins, not both')
      const keys = options.keys === undefined ? session.genesis().identityKeys : parseKeys(options.keys)
      const { receipt: verified, intent, times, vaultId } = verifyReceipt(readBytes(path), keys)
      const at = (time: number): string => new Date(time).toISOString()
      const users = verified.Approvals.map(({ User }) => User)
      session.print(
        {
          Verified: true,
          VaultID: toHex(vaultId),
          OperationID: verified.OperationID,
          OperationType: intent.OperationType,
          Started: at(times.start),
          Executed: at(times.execute),
          Signed: at(times.signed),
          ApprovedBy: users,
          Digest: toHex(verified.Digest),
          Signature: toHex(verified.Signature),
        },
        [
          `Verified: all three nodes certified this operation and what it signed`,
          `Vault      ${toHex(vaultId)}`,
          `Operation  ${verified.OperationID} (${intent.OperationType})`,
          `Started    ${at(times.start)}`,
          `Approved   ${users.join(', ') || 'by nobody'}`,
          `Executed   ${at(times.execute)}`,
          `Signed     ${at(times.signed)}`,
          `Digest     ${toHex(verified.Digest)}`,
          `Signature  ${toHex(verified.Signature)}`,
          verified.Intent,
        ],
      )
    })
  return receipt
}

function numberOf(text: string, option: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new CliError('usage', `${option} takes a number`)
  return Number(text)
}
