import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { StorageError } from './errors.ts'

export type { Migration } from 'kysely/migration'

/**
 * Brings a database to the newest schema. Keys are names that sort in order (`001_entries`); migrations that ran are
 * never edited. Processes that start together wait for each other (kysely holds an advisory lock), and all of it is one
 * transaction. Returns the names that ran now. Throws StorageError migration-failed.
 */
export async function migrate<Schema>(db: Kysely<Schema>, migrations: Record<string, Migration>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error !== undefined) {
    const failed = results.find(result => result.status === 'Error')?.migrationName ?? 'before the first'
    throw new StorageError('migration-failed', `migration failed: ${failed}`, { cause: error })
  }
  return results.map(result => result.migrationName)
}
