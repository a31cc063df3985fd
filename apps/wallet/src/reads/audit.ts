import type { ExactResponseOf, QueryOf } from '@trivault/api-contract'
import { type AuditColumn, auditColumns, auditRows, csvLine, sealZip } from '@trivault/client'
import { type Codec, encode, utf8 } from '@trivault/codec'
import type { StoredEntry } from '@trivault/ledger'
import { type Genesis, genesisCodec } from '@trivault/protocol'
import { Zip, ZipDeflate } from 'fflate'
import type { AuditExport } from '../service.ts'
import type { WalletView } from '../view.ts'
import { base64 } from './base64.ts'
import { badRequest } from './errors.ts'

const pageSize = 100

/**
 * A zip of `audit.csv`, the commands of the time range as a table, and `certified-log.json`, the whole log up to the head from
 * which anyone can verify it offline. Throws `ServiceError` bad-request for an unknown column.
 */
export async function auditExportOf(view: WalletView, request: AuditExport): Promise<Uint8Array> {
  const columns = columnsOf(request.columns)
  const archive = new Archive()
  const table = archive.file('audit.csv')
  table.write(csvLine(columns))
  for await (const { time, rows } of tableOf(view)) {
    if (time < request.from || time > request.to) continue
    for (const row of rows)
      if (request.operationId === undefined || row.OperationID === request.operationId)
        table.write(csvLine(columns.map(column => row[column])))
  }
  table.end()
  const log = archive.file('certified-log.json')
  const genesis = encode(genesisCodec as Codec<Genesis>, view.state().genesis)
  log.write(`{"genesis":${JSON.stringify(base64(genesis))},"entries":[`)
  let separator = '\n'
  for await (const { entry, certificate } of logOf(view)) {
    log.write(`${separator}${JSON.stringify({ entry: base64(entry), certificate: base64(certificate) })}`)
    separator = ',\n'
  }
  log.write('\n]}\n')
  log.end()
  return archive.end()
}

/** The rows of a page of entries, newest first. */
export async function auditRowsOf(
  view: WalletView,
  { before, entries = 50 }: QueryOf<'trivaultAuditRows'>,
): Promise<ExactResponseOf<'trivaultAuditRows'>> {
  const state = view.state()
  const to = Math.min(view.head().seq, (before ?? Number.MAX_SAFE_INTEGER) - 1)
  const from = Math.max(1, to - entries + 1)
  const stored = to < from ? [] : await view.entries(from, to)
  return {
    Rows: stored
      .flatMap(one => auditRows(state, one).rows)
      .map(row => ({ ...row, Seq: Number(row.Seq), Index: Number(row.Index) }))
      .reverse(),
    ...(from > 1 && stored.length > 0 && { Before: from }),
  }
}

async function* tableOf(view: WalletView) {
  const state = view.state()
  for await (const stored of logOf(view)) yield auditRows(state, stored)
}

async function* logOf(view: WalletView): AsyncGenerator<StoredEntry> {
  const { seq } = view.head()
  for (let from = 1; from <= seq; from += pageSize) yield* await view.entries(from, Math.min(seq, from + pageSize - 1))
}

function columnsOf(names: readonly string[] | undefined): AuditColumn[] {
  const wanted = (names ?? []).map(name => name.trim()).filter(name => name !== '')
  if (wanted.length === 0) return [...auditColumns]
  return wanted.map(name => {
    const column = auditColumns.find(known => known.toLowerCase() === name.toLowerCase())
    if (column === undefined) throw badRequest(`columns: known are ${auditColumns.join(', ')}`)
    return column
  })
}

/** A zip that grows while it is written, so that only its compressed form is in memory. */
class Archive {
  readonly #chunks: Uint8Array[] = []
  readonly #zip = new Zip((error, chunk) => {
    if (error !== null) throw error
    this.#chunks.push(chunk)
  })

  file(name: string): { write: (text: string) => void; end: () => void } {
    const stream = new ZipDeflate(name, { level: 6 })
    this.#zip.add(stream)
    return { write: text => stream.push(utf8(text)), end: () => stream.push(new Uint8Array(0), true) }
  }

  end(): Uint8Array {
    this.#zip.end()
    return sealZip(new Uint8Array(Buffer.concat(this.#chunks)))
  }
}
