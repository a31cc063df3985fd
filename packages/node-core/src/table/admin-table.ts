import { bytes, equalBytes, fixed, fromHex, struct, toHex, u8 } from '@trivault/codec'
import { LedgerError } from '@trivault/ledger'
import type { AdminStore } from '../ports.ts'
import { ListRow } from './list-row.ts'
import { sealRow, TableRow, type TableRowOptions } from './rows.ts'

const VOTES = 'votes'
const MAX_RECORD_BYTES = 4096
const quarantine = struct({ peer: u8, record: bytes(MAX_RECORD_BYTES) })
const hold = struct({ id: fixed(32), hold: bytes(MAX_RECORD_BYTES) })

/**
 * The anchor as a table in the node admin's own account: three records, `votes`, `holds` and `quarantines` (SPEC.md, section 2b).
 * Its methods throw what `TableRow` does.
 */
export function openAdminTable(options: TableRowOptions): AdminStore {
  const votes = new TableRow(options, VOTES)
  const quarantines = new ListRow(new TableRow(options, 'quarantines'), quarantine)
  const holds = new ListRow(new TableRow(options, 'holds'), hold)
  return {
    votes: {
      async load() {
        const row = await votes.load()
        return row && { version: row.version, record: row.content }
      },
      async compareAndSet(expected, next) {
        if (next.version !== expected + 1) throw new RangeError('an anchor row is followed by the next version')
        return votes.replace(expected, { version: next.version, content: next.record })
      },
      async replace(least, make) {
        const version = await votes.version()
        const row = await make(Math.max((version ?? 0) + 1, least))
        if (!(await votes.replace(version, { version: row.version, content: row.record })))
          throw new LedgerError('anchor', 'another process of this node uses the anchor')
      },
    },
    quarantine: {
      load: () => quarantines.load(),
      save: (peer, record) =>
        quarantines.update(items => [...items.filter(one => one.peer !== peer), { peer, record }]),
      remove: (peer, record) =>
        quarantines.update(items => items.filter(one => one.peer !== peer || !equalBytes(one.record, record))),
    },
    holds: {
      load: async () => (await holds.load()).map(one => one.hold),
      save: (id, content) =>
        holds.update(items => [...items.filter(one => toHex(one.id) !== id), { id: fromHex(id), hold: content }]),
      remove: id => holds.update(items => items.filter(one => toHex(one.id) !== id)),
    },
  }
}

/** The item of an AWS SDK. */
export interface FirstAnchorItem {
  record: { S: string }
  version: { N: string }
  row: { B: Uint8Array }
}

/**
 * The first row of a new anchor in a table, 65 bytes: version 0 without a record, which says that the node may write its first
 * vote record. Only the step that provisions the secret writes it, where there is none; `key` is `anchorKeyOf` the secret.
 */
export function firstAnchorRow(key: Uint8Array): Uint8Array {
  return sealRow(key, VOTES, new Uint8Array(16), { version: 0, content: new Uint8Array(0) })
}

/** The item to put for it. */
export function firstAnchorItem(row: Uint8Array): FirstAnchorItem {
  return { record: { S: VOTES }, version: { N: '0' }, row: { B: row } }
}
