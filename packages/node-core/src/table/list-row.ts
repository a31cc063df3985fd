import { type Codec, decode, encode, equalBytes, list } from '@trivault/codec'
import { LedgerError } from '@trivault/ledger'
import type { TableRow } from './rows.ts'

const MOST = 4096
const MOST_TRIES = 10

/** A record of the table that holds a list. No row and an empty list are the same; a row that cannot be read is an error. */
export class ListRow<T> {
  readonly #row: TableRow
  readonly #codec: Codec<T[]>

  constructor(row: TableRow, item: Codec<T>) {
    this.#row = row
    this.#codec = list(item, MOST)
  }

  async load(): Promise<T[]> {
    return (await this.#read()).items
  }

  /** Replaces the list by `change` of it, however often another process or call gets in between. Durable when it resolves. */
  async update(change: (items: readonly T[]) => T[]): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const { version, items } = await this.#read()
      const content = encode(this.#codec, change(items))
      if (equalBytes(content, encode(this.#codec, items))) return
      if (await this.#row.replace(version, { version: (version ?? 0) + 1, content })) return
    }
    throw new LedgerError('anchor', 'another process of this node keeps changing the anchor')
  }

  async #read(): Promise<{ version: number | undefined; items: T[] }> {
    const row = await this.#row.load()
    if (row === undefined) return { version: undefined, items: [] }
    try {
      return { version: row.version, items: decode(this.#codec, row.content) }
    } catch (cause) {
      throw new LedgerError('anchor', 'a list in the anchor is not readable', { cause })
    }
  }
}
