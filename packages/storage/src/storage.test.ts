import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  createKysely,
  createPool,
  dropDatabase,
  ensureDatabase,
  migrate,
  type PostgresServer,
  StorageError,
  startPostgres,
  transaction,
} from './index.ts'

const dir = mkdtempSync(join(tmpdir(), 'trivault-storage-'))
const lines: string[] = []
let server: PostgresServer

const start = () => startPostgres({ dir: join(dir, 'pg'), onLine: line => lines.push(line) })
const password = (name: string) => `${name}-password-0123456789`
const ensure = (name: string) => ensureDatabase(server.adminUrl, { name, password: password(name) })

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  server = await start()
})

afterAll(async () => {
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

describe('a PostgreSQL server of our own', () => {
  it('never runs as root and keeps its data private', () => {
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0)
    expect(statSync(join(dir, 'pg')).mode & 0o077).toBe(0)
    expect(statSync(join(dir, 'pg', 'data')).mode & 0o077).toBe(0)
    expect(statSync(join(dir, 'pg', 'superuser.password')).mode & 0o777).toBe(0o600)
  })

  it('is durable: fsync and synchronous commit are on, and it is really PostgreSQL 18', async () => {
    expect(await query(server.adminUrl, 'show fsync')).toEqual([{ fsync: 'on' }])
    expect(await query(server.adminUrl, 'show synchronous_commit')).toEqual([{ synchronous_commit: 'on' }])
    expect(await query(server.adminUrl, 'show server_version')).toEqual([
      { server_version: expect.stringMatching(/^18\./) },
    ])
  })

  it('keeps what was committed over kill -9 and over a graceful stop', async () => {
    const url = await ensure('durable')
    await query(url, 'create table kept (n int); insert into kept values (1)')
    process.kill(server.pid, 'SIGKILL')
    expect((await server.exited).signal).toBe('SIGKILL')
    server = await start()
    const again = await ensure('durable')
    await query(again, 'insert into kept values (2)')
    await server.stop()
    server = await start()
    expect(await query(await ensure('durable'), 'select n from kept order by n')).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('starts although the pid file of a killed server names a foreign process that lives', async () => {
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    writeFileSync(
      join(dir, 'pg', 'data', 'postmaster.pid'),
      `${process.pid}\n${join(dir, 'pg', 'data')}\n0\n1\n\n127.0.0.1\n`,
    )
    server = await start()
    expect(await query(server.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  it('stops a server that was left running before it starts another on the same directory', async () => {
    const left = server
    server = await start()
    expect(server.pid).not.toBe(left.pid)
    await expect(left.exited).resolves.toBeDefined()
  })

  it('rejects a directory that is no directory', async () => {
    writeFileSync(join(dir, 'file'), '')
    await expect(startPostgres({ dir: join(dir, 'file') })).rejects.toThrow(StorageError)
  })
})

describe('one database and role per node', () => {
  it('rejects a role that connects to a database of another, a wrong password, and no password', async () => {
    const zero = await ensure('node0')
    const one = await ensure('node1')
    expect(await query(zero, 'select current_user')).toEqual([{ current_user: 'node0' }])
    await expect(query(one.replace(/node1$/, 'node0'), 'select 1')).rejects.toThrow(
      /no pg_hba.conf entry|permission denied/,
    )
    await expect(query(zero.replace(password('node0'), password('node1')), 'select 1')).rejects.toThrow(/password/)
    await expect(query(zero.replace(`:${password('node0')}`, ''), 'select 1')).rejects.toThrow()
    await expect(query(zero.replace(/node0$/, 'postgres'), 'select 1')).rejects.toThrow(/no pg_hba.conf entry/)
  })

  it('rejects roles that make roles or databases', async () => {
    const url = await ensure('node0')
    await expect(query(url, 'create role more')).rejects.toThrow(/permission denied/)
    await expect(query(url, 'create database more')).rejects.toThrow(/permission denied/)
    await expect(query(url, 'alter system set fsync = off')).rejects.toThrow(/permission denied/)
  })

  it('is made once and accepts a changed password later', async () => {
    const url = await ensure('again')
    await query(url, 'create table t (n int)')
    const changed = await ensureDatabase(server.adminUrl, { name: 'again', password: 'another-password-0123' })
    expect(await query(changed, 'select count(*)::int as n from t')).toEqual([{ n: 0 }])
    await expect(query(url, 'select 1')).rejects.toThrow(/password/)
  })

  it('is removed with its role', async () => {
    const url = await ensure('gone')
    await dropDatabase(server.adminUrl, 'gone')
    await expect(query(url, 'select 1')).rejects.toThrow()
  })

  it.each(['Node0', 'x; drop table y', '', 'a-b', 'a'.repeat(64)])('rejects the name %j', async name => {
    await expect(ensureDatabase(server.adminUrl, { name, password: password('x') })).rejects.toThrow(StorageError)
    await expect(dropDatabase(server.adminUrl, name)).rejects.toThrow(StorageError)
  })

  it.each(['short', "quote'quote'quote'", 'with space with space'])('rejects the password %j', async bad => {
    await expect(ensureDatabase(server.adminUrl, { name: 'x', password: bad })).rejects.toThrow(/password/)
  })

  it('writes no statement and no password to the log', async () => {
    const url = await ensure('node0')
    await query(url, "select 'planted-secret'::int").catch(() => undefined)
    await query(url.replace(password('node0'), 'wrong-password-012345'), 'select 1').catch(() => undefined)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter(line => line.includes('-password-') || line.includes('select '))).toEqual([])
  })
})

describe('pool, transactions, migrations', () => {
  it('rejects a URL of another kind without repeating it', () => {
    expect(() => createPool('mysql://user:planted-secret@host/db')).toThrow(StorageError)
    expect(() => createPool('mysql://user:planted-secret@host/db')).not.toThrow(/planted/)
  })

  it('rolls back what throws and commits what returns', async () => {
    const pool = createPool(await ensure('tx'))
    await pool.query('create table t (n int)')
    await expect(
      transaction(pool, async client => {
        await client.query('insert into t values (1)')
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    await transaction(pool, client => client.query('insert into t values (2)'))
    expect((await pool.query('select n from t')).rows).toEqual([{ n: 2 }])
    await pool.end()
  })

  it('survives a restart of the server', async () => {
    const pool = createPool(await ensure('restart'))
    await pool.query('select 1')
    const { port } = server
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    // A backend outlives its postmaster until it notices.
    await vi.waitFor(() => expect(pool.query('select 1')).rejects.toThrow(), 10_000)
    server = await startPostgres({ dir: join(dir, 'pg'), port })
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  it('fails what is under way when the server goes, and nothing else', async () => {
    const pool = createPool(await ensure('away'))
    const { port } = server
    const underWay = transaction(pool, async client => {
      await client.query('select 1')
      process.kill(server.pid, 'SIGKILL')
      await server.exited
      // Between two queries: nobody listens for the connection's end then.
      await vi.waitFor(() => expect(client.query('select 1')).rejects.toThrow(), 10_000)
      throw new RangeError('given up')
    })
    await expect(underWay).rejects.toThrow()
    server = await startPostgres({ dir: join(dir, 'pg'), port })
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  it('migrates once, in order, also when two processes start together, and undoes a failed run', async () => {
    const db = createKysely<{ t: { n: number } }>(createPool(await ensure('schema')))
    const steps = { '001_t': { up: async (tx: typeof db) => void (await sql`create table t (n int)`.execute(tx)) } }
    const ran = await Promise.all([migrate(db, steps), migrate(db, steps)])
    expect(ran.flat()).toEqual(['001_t'])
    const broken = {
      ...steps,
      '002_u': { up: async (tx: typeof db) => void (await sql`create table u (n int)`.execute(tx)) },
      '003_bad': { up: async (tx: typeof db) => void (await sql`create nonsense`.execute(tx)) },
    }
    await expect(migrate(db, broken)).rejects.toThrow(/003_bad/)
    const { rows } = await sql`select to_regclass('u') as u`.execute(db)
    expect(rows).toEqual([{ u: null }])
    await db.destroy()
  })
})
