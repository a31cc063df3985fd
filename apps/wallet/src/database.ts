import { createKysely, createPool, type Migration, migrate } from '@trivault/storage'
import { type Kysely, sql } from 'kysely'

/** Tables of the wallet. All of it is convenience: the truth is the certified log, which anyone can replay. */
export interface WalletTables {
  entries: { seq: string; hash: Buffer; entry: Buffer; certificate: Buffer }
  candidates: { hash: Buffer; seq: string; entry: Buffer }
  /** What was acknowledged to a client, until the log holds it. */
  outbox: {
    id: string
    kind: 'start' | 'approve' | 'reject' | 'cancel'
    operation_id: string
    /** Canonical intent (kind start) or encoded command. */
    body: Buffer
    /** Hash of the client's request: the same request again gets the same answer. */
    request_hash: Buffer
    created_at: string
    state: 'waiting' | 'certified' | 'refused'
    code: string | null
    message: string | null
    settled_at: string | null
  }
  api_keys: { hash: Buffer; user_id: string; name: string; role: string; created_at: string }
  deliveries: {
    operation_id: string
    part: number
    status: 'waiting' | 'sent' | 'confirmed' | 'rejected'
    transaction_hash: string
    signed: Buffer
    caip2: string
    error: string | null
    updated_at: string
  }
}

const migrations: Record<string, Migration> = {
  '001_wallet': {
    async up(db: Kysely<unknown>) {
      await sql`create table entries (seq bigint primary key, hash bytea not null unique, entry bytea not null, certificate bytea not null)`.execute(
        db,
      )
      await sql`create table candidates (hash bytea primary key, seq bigint not null, entry bytea not null)`.execute(db)
      await sql`create table outbox (
        id bigserial primary key, kind text not null, operation_id text not null, body bytea not null, request_hash bytea not null,
        created_at bigint not null, state text not null default 'waiting', code text, message text, settled_at bigint)`.execute(
        db,
      )
      await sql`create unique index outbox_starts on outbox (operation_id) where kind = 'start'`.execute(db)
      await sql`create index outbox_waiting on outbox (id) where state = 'waiting'`.execute(db)
      await sql`create table api_keys (hash bytea primary key, user_id text not null, name text not null, role text not null, created_at bigint not null)`.execute(
        db,
      )
      await sql`create table deliveries (
        operation_id text not null, part int not null, status text not null, transaction_hash text not null, signed bytea not null,
        caip2 text not null, error text, updated_at bigint not null, primary key (operation_id, part))`.execute(db)
    },
  },
}

export type Database = Kysely<WalletTables>

/** Connects and brings the schema up to date. Throws `StorageError`. */
export async function openDatabase(url: string): Promise<Database> {
  const db = createKysely<WalletTables>(createPool(url, { name: 'trivault-wallet' }))
  await migrate(db, migrations)
  return db
}
