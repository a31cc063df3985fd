import { equalBytes } from '@trivault/codec'
import { type EntryStore, LedgerError, type StoredEntry } from '@trivault/ledger'
import type { Database } from './database.ts'

/**
 * The wallet's copy of the certified log in PostgreSQL. `putCertified` throws `LedgerError` store for a gap and for another
 * entry in a certified slot.
 */
export function entryStore(db: Database): EntryStore {
  return {
    async putCandidate(seq, hash, entry) {
      const row = { hash: Buffer.from(hash), seq: String(seq), entry: Buffer.from(entry) }
      await db
        .insertInto('candidates')
        .values(row)
        .onConflict(conflict => conflict.column('hash').doNothing())
        .execute()
    },
    async find(hash) {
      const certified = await db
        .selectFrom('entries')
        .select('entry')
        .where('hash', '=', Buffer.from(hash))
        .executeTakeFirst()
      const found =
        certified ??
        (await db.selectFrom('candidates').select('entry').where('hash', '=', Buffer.from(hash)).executeTakeFirst())
      return found && new Uint8Array(found.entry)
    },
    async putCertified(seq, hash, { entry, certificate }) {
      const row = {
        seq: String(seq),
        hash: Buffer.from(hash),
        entry: Buffer.from(entry),
        certificate: Buffer.from(certificate),
      }
      await db.transaction().execute(async trx => {
        await trx
          .insertInto('entries')
          .values(row)
          .onConflict(conflict => conflict.column('seq').doNothing())
          .execute()
        const stored = await trx
          .selectFrom('entries')
          .select(['seq', 'hash'])
          .where('seq', 'in', [String(seq - 1), row.seq])
          .execute()
        const hashOf = (one: number) => stored.find(known => known.seq === String(one))?.hash
        if (!equalBytes(hashOf(seq) ?? new Uint8Array(), hash))
          throw new LedgerError('store', `entry ${seq} is certified with other bytes`)
        if (seq < 1 || (seq > 1 && hashOf(seq - 1) === undefined))
          throw new LedgerError('store', `entry ${seq} has no entry before it`)
        await trx.deleteFrom('candidates').where('seq', '<=', String(seq)).execute()
      })
    },
    async range(from, limit): Promise<StoredEntry[]> {
      const rows = await db
        .selectFrom('entries')
        .select(['entry', 'certificate'])
        .where('seq', '>=', String(from))
        .orderBy('seq')
        .limit(limit)
        .execute()
      return rows.map(row => ({ entry: new Uint8Array(row.entry), certificate: new Uint8Array(row.certificate) }))
    },
  }
}
