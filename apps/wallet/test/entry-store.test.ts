import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EntryStore } from '@trivault/ledger'
import { entryStoreContract } from '@trivault/ledger/testing'
import { ensureDatabase, type PostgresServer, startPostgres } from '@trivault/storage'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type Database, openDatabase } from '../src/database.ts'
import { entryStore } from '../src/entry-store.ts'

const dir = mkdtempSync(join(tmpdir(), 'trivault-wallet-'))
const opened: Database[] = []
let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({ dir: join(dir, 'pg') })
})

afterAll(async () => {
  await Promise.all(opened.map(db => db.destroy()))
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

describe('entry store contract, in PostgreSQL', () => {
  it.each(entryStoreContract.map((one, i) => ({ ...one, database: `wallet_${i}` })))('$name', async case_ => {
    const url = await ensureDatabase(server.adminUrl, { name: case_.database, password: 'password-0123456789' })
    const reopen = async (): Promise<EntryStore> => {
      const db = await openDatabase(url)
      opened.push(db)
      return entryStore(db)
    }
    await case_.run({ store: await reopen(), reopen })
  })
})
