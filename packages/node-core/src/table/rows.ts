import { createHmac } from 'node:crypto'
import { bytes, decode, encode, equalBytes, fixed, int53, struct, u8, utf8 } from '@trivault/codec'
import { LedgerError } from '@trivault/ledger'
import { type Item, MAX_ROW_BYTES } from './answers.ts'
import type { TableClient } from './client.ts'

const FORMAT = 1
const WRITER_LENGTH = 16
const ENVELOPE = 1 + 8 + WRITER_LENGTH + 3 * 4 + 32
/** Bytes of a row's content. */
const MAX_CONTENT_BYTES = MAX_ROW_BYTES - ENVELOPE
const body = struct({ format: u8, version: int53, writer: fixed(WRITER_LENGTH), content: bytes(MAX_CONTENT_BYTES) })
const row = struct({ body: bytes(MAX_ROW_BYTES), mac: fixed(32) })

export interface RowContent {
  version: number
  content: Uint8Array
}

/**
 * A row as it stands in the table. The code covers the name of its record, so that no row passes for another. `writer` is of
 * this write alone: a row that is byte for byte the written one was written by nobody else.
 */
export function sealRow(
  key: Uint8Array,
  record: string,
  writer: Uint8Array,
  { version, content }: RowContent,
): Uint8Array {
  const sealed = encode(body, { format: FORMAT, version, writer, content })
  return encode(row, { body: sealed, mac: macOf(key, record, sealed) })
}

/** Throws LedgerError anchor unless the item was sealed as this record under this key. */
export function openRow(key: Uint8Array, record: string, item: Item): RowContent {
  let opened: { format: number; version: number; content: Uint8Array }
  try {
    const stored = decode(row, item.row)
    if (!equalBytes(stored.mac, macOf(key, record, stored.body))) throw new RangeError('wrong authentication code')
    opened = decode(body, stored.body)
  } catch (cause) {
    throw new LedgerError('anchor', `the row ${record} of the anchor is damaged or belongs to another node`, { cause })
  }
  if (opened.format !== FORMAT || opened.version !== item.version || item.record !== record)
    throw new LedgerError('anchor', `the row ${record} of the anchor has an unknown format, or another version or name`)
  return { version: opened.version, content: opened.content }
}

const macOf = (key: Uint8Array, record: string, sealed: Uint8Array): Uint8Array =>
  new Uint8Array(
    createHmac('sha256', key)
      .update('trivault/v1/anchor-table-row')
      .update(Uint8Array.of(record.length))
      .update(utf8(record))
      .update(sealed)
      .digest(),
  )

export interface TableRowOptions {
  client: Pick<TableClient, 'get' | 'put'>
  /** From `anchorKeyOf`. */
  key: Uint8Array
  random: (length: number) => Uint8Array
}

/** One record of the table, replaced by compare-and-set. Throws what the client throws, and LedgerError anchor. */
export class TableRow {
  readonly #options: TableRowOptions
  readonly #record: string
  /** The newest row that was read or written here. */
  #seen: { version: number; row: Uint8Array } | undefined

  constructor(options: TableRowOptions, record: string) {
    this.#options = options
    this.#record = record
  }

  /** The row; undefined where there is none. Never an older one than this process knows. */
  async load(): Promise<RowContent | undefined> {
    const item = await this.#options.client.get(this.#record)
    if (item === undefined) {
      if (this.#seen !== undefined) throw this.#wrong('is gone')
      return undefined
    }
    const opened = openRow(this.#options.key, this.#record, item)
    if (this.#seen !== undefined && item.version < this.#seen.version)
      throw this.#wrong(`was set back from version ${this.#seen.version} to ${item.version}`)
    if (item.version === this.#seen?.version && !equalBytes(item.row, this.#seen.row))
      throw this.#wrong(`has two contents for version ${item.version}`)
    this.#seen = { version: item.version, row: item.row }
    return opened
  }

  /** The version that stands in the table, whatever else does: for what replaces a row that cannot be read. */
  async version(): Promise<number | undefined> {
    return (await this.#options.client.get(this.#record))?.version
  }

  /**
   * Writes the row where the present one has version `expected`, or where none is there. An answer may be lost and the request sent
   * again: what is there then tells whether it was done, and nothing else does.
   */
  async replace(expected: number | undefined, { version, content }: RowContent): Promise<boolean> {
    const { client, key, random } = this.#options
    const written = { version, row: sealRow(key, this.#record, random(WRITER_LENGTH), { version, content }) }
    if (!(await client.put({ record: this.#record, ...written }, expected))) {
      const there = await client.get(this.#record)
      if (there === undefined || !equalBytes(there.row, written.row)) {
        if (there?.version === expected) throw this.#wrong('is said to have changed, and has not')
        return false
      }
    }
    this.#seen = written
    return true
  }

  #wrong(what: string): LedgerError {
    return new LedgerError('anchor', `the row ${this.#record} of the anchor ${what}`)
  }
}
