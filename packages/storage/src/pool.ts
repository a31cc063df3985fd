import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { StorageError } from './errors.ts'

export type Pool = pg.Pool
export type PoolClient = pg.PoolClient

export type PoolOptions = {
  /** Connections at most; 8 when absent. */
  readonly max?: number
  /** Shown in the server's activity view. */
  readonly name?: string
  /** Idle connections that broke (server restarted): the pool replaces them by itself. */
  readonly onIdleError?: (error: Error) => void
}

/**
 * A pool of connections. `bigint` columns arrive as strings, `bytea` as Buffer. A server that went away fails the
 * queries under way; later queries connect anew.
 * Throws StorageError bad-argument when `url` is not a postgres URL (the message does not repeat it).
 */
export function createPool(url: string, options: PoolOptions = {}): Pool {
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new StorageError('bad-argument', 'database URL must begin with postgres://')
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 8,
    application_name: options.name ?? 'trivault',
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  })
  pool.on('error', error => options.onIdleError?.(error))
  // A connection that breaks while it is in use fails its query; its own `error` event, unheard, would end the process.
  pool.on('connect', client => void client.on('error', () => undefined))
  return pool
}

/** The typed query builder over a pool. Destroying it ends the pool. */
export function createKysely<Schema>(pool: Pool): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}

/** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (cause) {
    await client.query('rollback').catch((error: Error) => {
      broken = error
    })
    throw cause
  } finally {
    client.release(broken)
  }
}
