import { setTimeout as sleep } from 'node:timers/promises'
import { createKysely, createPool, type Migration, migrate, type Pool } from '@trivault/storage'
import { sql } from 'kysely'
import { HostError } from './errors.ts'

/** How long one request is tried: with the wait for the one before, below the core's own timeout. */
const TRY_MS = 8_000
const RETRY_MS = 100
/** Bytes of one page of rows: a frame of the link holds it. */
const PAGE_BYTES = 4 * 1024 * 1024
const ROW_OVERHEAD = 600

const migrations: Record<string, Migration> = {
  '001_records': {
    async up(db) {
      await sql`create table records (
        table_name text collate "C" not null,
        key text collate "C" not null,
        value bytea not null,
        primary key (table_name, key)
      )`.execute(db)
    },
  },
}

export interface Change {
  table: string
  key: string
  /** Absent: the row goes. */
  value?: Uint8Array
}

export interface Page {
  rows: { key: string; value: Uint8Array }[]
  /** All rows within the limit are here. */
  complete: boolean
}

/** A node's rows in its own PostgreSQL database. Everything throws HostError database when it cannot be done in time. */
export interface RecordStore {
  /** What queues meanwhile is read together. */
  get(table: string, key: string): Promise<Uint8Array | undefined>
  /** All or nothing, durable, in the order of the calls. What waits meanwhile is written together. */
  write(changes: readonly Change[]): Promise<void>
  page(table: string, start: { from: string; exclusive: boolean }, limit: number): Promise<Page>
  close(): Promise<void>
}

export interface RecordStoreOptions {
  /** postgres:// URL of the node's own role and database. */
  url: string
  name: string
  log: (level: 'info' | 'warn', message: string) => void
  /** Milliseconds for which the first connection is tried (default 30,000). */
  startMs?: number
  /** Milliseconds for which a request is tried (default 8,000). */
  tryMs?: number
}

/** Connects and brings the schema up to date. Throws HostError database, StorageError. */
export async function openRecordStore(options: RecordStoreOptions): Promise<RecordStore> {
  const { tryMs = TRY_MS, startMs = 30_000, log } = options
  const url = new URL(options.url)
  // The server gives a statement up before the client does: what was reported as failed is not written later.
  url.searchParams.set('statement_timeout', `${Math.round(tryMs / 3)}`)
  url.searchParams.set('query_timeout', `${Math.round(tryMs / 2)}`)
  const pool = createPool(url.href, {
    max: 4,
    name: options.name,
    onIdleError: error => log('warn', `database connection lost: ${error.message}`),
  })
  try {
    await trying(() => pool.query('select 1'), startMs, log)
    await migrate(createKysely(pool), migrations)
  } catch (error) {
    await pool.end()
    throw error
  }
  return storeOver(pool, tryMs, log)
}

type Log = RecordStoreOptions['log']
interface Wanted {
  table: string
  key: string
  resolve: (value: Uint8Array | undefined) => void
  reject: (error: unknown) => void
}
interface Waiting {
  changes: readonly Change[]
  since: number
  resolve: () => void
  reject: (error: unknown) => void
}

function storeOver(pool: Pool, tryMs: number, log: Log): RecordStore {
  const query = <Row>(text: string, values: unknown[], name?: string): Promise<Row[]> =>
    trying(
      async () => (await pool.query({ text, values, ...(name !== undefined && { name }) })).rows as Row[],
      tryMs,
      log,
    )

  let wanted: Wanted[] = []
  let reading = false
  /** What queued during a read shares the next one. */
  const readAll = async () => {
    if (reading) return
    reading = true
    while (wanted.length > 0) {
      const batch = wanted
      wanted = []
      try {
        const rows = await query<{ value: Buffer | null }>(
          `select (select value from records where table_name = wanted.t and key = wanted.k) as value
           from unnest($1::text[], $2::text[]) with ordinality as wanted(t, k, n) order by n`,
          [batch.map(({ table }) => table), batch.map(({ key }) => key)],
          'read',
        )
        for (const [i, { resolve }] of batch.entries()) resolve(rows[i]?.value ?? undefined)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    reading = false
  }

  let waiting: Waiting[] = []
  let writing = false
  /** One writer: order is kept, and what queued during a commit shares the next one. */
  const drain = async () => {
    if (writing) return
    writing = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const late = batch.filter(({ since }) => performance.now() - since > tryMs)
      for (const { reject } of late) reject(new HostError('database', 'the database did not answer in time'))
      const live = batch.filter(entry => !late.includes(entry))
      try {
        if (live.length > 0) await writeAll(live.flatMap(({ changes }) => changes))
        for (const { resolve } of live) resolve()
      } catch (error) {
        for (const { reject } of live) reject(error)
      }
    }
    writing = false
  }

  const writeAll = async (changes: readonly Change[]) => {
    const last = new Map(changes.map(change => [`${change.table}\n${change.key}`, change]))
    const put = [...last.values()].filter(change => change.value !== undefined)
    const gone = [...last.values()].filter(change => change.value === undefined)
    await query(
      `with gone as (
         delete from records where (table_name, key) in (select * from unnest($4::text[], $5::text[]))
       )
       insert into records select * from unnest($1::text[], $2::text[], $3::bytea[])
       on conflict (table_name, key) do update set value = excluded.value`,
      [
        put.map(change => change.table),
        put.map(change => change.key),
        put.map(change => Buffer.from(change.value ?? [])),
        gone.map(change => change.table),
        gone.map(change => change.key),
      ],
      'write',
    )
  }

  return {
    get: (table, key) =>
      new Promise((resolve, reject) => {
        wanted.push({ table, key, resolve, reject })
        void readAll()
      }),
    write: changes =>
      new Promise((resolve, reject) => {
        waiting.push({ changes, since: performance.now(), resolve, reject })
        void drain()
      }),
    async page(table, { from, exclusive }, limit) {
      const rows = await query<{ key: string; value: Buffer; found: string }>(
        `select key, value, found from (
           select key, value, count(*) over () as found, row_number() over (order by key) as n,
             sum(octet_length(value) + ${ROW_OVERHEAD}) over (order by key) as total
           from (
             select key, value from records
             where table_name = $1 and key ${exclusive ? '>' : '>='} $2 order by key limit $3
           ) as page
         ) as sized
         where n = 1 or total <= ${PAGE_BYTES} order by key`,
        [table, from, limit],
      )
      const found = Number(rows[0]?.found ?? 0)
      return { rows: rows.map(({ key, value }) => ({ key, value })), complete: rows.length === found }
    },
    close: () => pool.end(),
  }
}

/** Classes of SQLSTATE that do not pass by waiting: data, constraint, authorisation, missing database, syntax and rights. */
const LASTING = ['22', '23', '28', '3D', '42']

/** Repeats `work` while the database is away, until `ms` have passed. Work must bear repetition. */
async function trying<T>(work: () => Promise<T>, ms: number, log: Log): Promise<T> {
  const deadline = performance.now() + ms
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (cause) {
      const state = cause instanceof Error && 'code' in cause ? `${cause.code}` : ''
      const reason = cause instanceof Error ? cause.message || state : 'unknown'
      if (attempt === 1) log('warn', `database request failed: ${reason}`)
      if (LASTING.includes(state.slice(0, 2)) || performance.now() + RETRY_MS > deadline)
        throw new HostError('database', `the database did not do it: ${reason}`, { cause })
    }
    await sleep(RETRY_MS)
  }
}
