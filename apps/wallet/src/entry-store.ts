import type { EntryStore, StoredEntry } from '@trivault/ledger'
import type { Database } from './database.ts'

/** The wallet's copy of the certified log in PostgreSQL. */
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
      if (certified !== undefined) return certified.entry
      return (
        await db.selectFrom('candidates').select('entry').where('hash', '=', Buffer.from(hash)).executeTakeFirst()
      )?.entry
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
        await trx.deleteFrom('candidates').where('seq', '<=', String(seq)).execute()
      })
    },
    async range(from, limit): Promise<StoredEntry[]> {
      return db
        .selectFrom('entries')
        .select(['entry', 'certificate'])
        .where('seq', '>=', String(from))
        .orderBy('seq')
        .limit(limit)
        .execute()
    },
  }
}
