import { type Replica, replay, sameNodes } from '@trivault/approval'
import {
  type AuditColumn,
  AuditFileError,
  auditColumns,
  auditRows,
  csvLine,
  isSealedZip,
  readAuditZip,
} from '@trivault/client'
import { equalBytes } from '@trivault/codec'
import { type Genesis, vaultIdOf } from '@trivault/protocol'
import { CliError } from './errors.ts'

/** What is known of the vault without the file: its pins, or its nodes' identity keys. */
export type Trusted = { genesis: Genesis } | { identityKeys: readonly Uint8Array[] }

/** A head that is known from elsewhere: the log must contain it. Without one, a log cut off at its end is a valid older one. */
export interface KnownHead {
  seq: number
  hash: string
}

/**
 * Checks an audit export without a network: the log is replayed from genesis with the rules of the nodes, then the table is
 * written anew from it and compared. Throws `CliError` untrusted, saying where.
 */
export async function verifyAudit(
  zip: Uint8Array,
  trusted: Trusted,
  known?: KnownHead,
): Promise<{ replica: Replica; rows: number; commands: number }> {
  const file = readZip(zip)
  if ('genesis' in trusted && !equalBytes(vaultIdOf(trusted.genesis), vaultIdOf(file.genesis)))
    throw new CliError('untrusted', 'certified-log.json: the genesis is not the pinned one')
  if ('identityKeys' in trusted && !sameNodes(file.genesis, trusted.identityKeys))
    throw new CliError('untrusted', 'certified-log.json: the genesis names other nodes than --keys')
  const replica = await replay(file.genesis, file.entries)
  if (known !== undefined && replica.hashAt(known.seq) !== known.hash)
    throw new CliError(
      'untrusted',
      replica.seq < known.seq
        ? `the log ends at entry ${replica.seq}, but entry ${known.seq} is known: it was cut off`
        : `entry ${known.seq} is another than the known one`,
    )
  const expected = file.entries.flatMap(stored => auditRows(replica.state, stored).rows)
  const rows = checkTable(file.csv, expected)
  if (!isSealedZip(zip))
    throw new CliError(
      'untrusted',
      'the archive was changed outside its two files: both verify, but it is not as it was written',
    )
  return { replica, rows, commands: expected.length }
}

function readZip(zip: Uint8Array): ReturnType<typeof readAuditZip> {
  try {
    return readAuditZip(zip)
  } catch (cause) {
    if (cause instanceof AuditFileError) throw new CliError('untrusted', cause.message, { cause })
    throw cause
  }
}

type Row = ReturnType<typeof auditRows>['rows'][number]

/** The table must be one unbroken piece of the log's commands, or of those of one operation. Returns its number of rows. */
function checkTable(csv: string, expected: readonly Row[]): number {
  const end = csv.indexOf('\r\n') + 2
  const columns = csv.slice(0, Math.max(0, end - 2)).split(',')
  if (end < 2 || !columns.every((name): name is AuditColumn => auditColumns.some(known => known === name)))
    throw new CliError('untrusted', 'audit.csv: its first line does not name the columns')
  const body = csv.slice(end)
  if (body === '') return 0
  const lineOf = (row: Row): string => csvLine(columns.map(column => row[column]))
  const everything = expected.map(lineOf)
  const first = everything.findIndex(line => body.startsWith(line))
  if (first < 0) throw new CliError('untrusted', 'audit.csv: its first row is not in the certified log')
  const all = longestMatch(body, everything)
  const operation = expected[first]?.OperationID
  const own = longestMatch(body, expected.filter(row => operation !== '' && row.OperationID === operation).map(lineOf))
  const best = own.chars > all.chars ? own : all
  if (best.chars === body.length) return best.rows
  throw new CliError(
    'untrusted',
    `audit.csv: row ${best.rows + 1} is not what the certified log says next: a row was changed, left out or moved`,
  )
}

/** The longest beginning of `body` that is an unbroken piece of `lines`. */
function longestMatch(body: string, lines: readonly string[]): { chars: number; rows: number } {
  let best = { chars: 0, rows: 0 }
  for (let start = 0; start < lines.length; start++) {
    let chars = 0
    let rows = 0
    for (let next = lines[start]; next !== undefined && body.startsWith(next, chars); next = lines[start + rows]) {
      chars += next.length
      rows++
    }
    if (chars > best.chars) best = { chars, rows }
  }
  return best
}
