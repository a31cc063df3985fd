import { fromBase64 } from '@trivault/codec'
import { Command } from 'commander'
import { type KnownHead, type Trusted, verifyAudit } from '../audit.ts'
import { CliError } from '../errors.ts'
import { readBytes, readText, writeNewPrivate } from '../files.ts'
import { parseKeys, parsePins } from '../pins.ts'
import type { Open } from '../session.ts'

export function auditCommands(open: Open): Command {
  const audit = new Command('audit').description('the audit log')
  audit
    .command('export')
    .description('write the audit log of a time range, with the certified log that proves it')
    .requiredOption('--from <date>', 'a date (2026-01-31) or a time with zone')
    .requiredOption('--to <date>', 'a date or a time with zone')
    .requiredOption('--out <file>', 'a new zip file (mode 0600)')
    .option('--operation <id>', 'only rows of this operation')
    .action(async (options: { from: string; to: string; out: string; operation?: string }, command: Command) => {
      const session = open(command)
      const { file } = await (await session.client()).call('ExportAudit', {
        query: {
          start_date: options.from,
          end_date: options.to,
          ...(options.operation !== undefined && { operation_id: options.operation }),
        },
      })
      if (file === undefined) throw new CliError('failed', 'the wallet returned no archive')
      const zip = fromBase64(file)
      writeNewPrivate(options.out, zip)
      session.print({ File: options.out, Bytes: zip.length }, `Wrote ${options.out}`)
    })
  audit
    .command('verify <file>')
    .description('check an export offline: replay the certified log from genesis, then compare the table with it')
    .option('--keys <hex,hex,hex>', 'identity keys of nodes 0, 1 and 2, instead of --pins')
    .option('--head <seq:hash>', 'a log entry known from elsewhere: finds out a log that was cut off')
    .action(async (path: string, options: { keys?: string; head?: string }, command: Command) => {
      const session = open(command)
      const { pins } = session.options
      if (options.keys !== undefined && pins !== undefined)
        throw new CliError('usage', 'give --keys or --pins, not both')
      const trusted: Trusted =
        options.keys !== undefined
          ? { identityKeys: parseKeys(options.keys) }
          : { genesis: pins === undefined ? session.genesis() : parsePins(readText(pins), pins) }
      const known = options.head === undefined ? undefined : parseHead(options.head)
      const { replica, rows, commands } = await verifyAudit(readBytes(path), trusted, known)
      const head = { Seq: replica.seq, Hash: replica.hashAt(replica.seq) ?? '' }
      session.print({ Verified: true, Head: head, Rows: rows, Commands: commands }, [
        `Verified: entries 1 to ${head.Seq} carry the votes of all three nodes and follow the rules`,
        `Head      ${head.Seq}:${head.Hash}`,
        `Table     ${rows} rows, all of them from the ${commands} commands of the log`,
        ...(known === undefined ? ['Whether later entries were left out, only a known --head can tell'] : []),
      ])
    })
  return audit
}

function parseHead(text: string): KnownHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined) throw new CliError('usage', '--head takes <seq>:<64 hex digits>')
  return { seq: Number(seq), hash }
}
