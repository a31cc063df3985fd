import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeHostMessage, LINK_VERSION, openHostLink } from '@trivault/node-core'
import { createPool, ensureDatabase, type PostgresServer, startPostgres } from '@trivault/storage'
import { recordsContract } from '@trivault/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveCore } from './core-link.ts'
import { openRecordStore, type RecordStore } from './records.ts'

const dir = mkdtempSync(join(tmpdir(), 'trivault-records-'))
const lines: string[] = []
const log = (_level: string, message: string) => void lines.push(message)
const stores: RecordStore[] = []
let server: PostgresServer
let port: number | undefined

const start = async () => {
  server = await startPostgres({ dir: join(dir, 'pg'), ...(port !== undefined && { port }) })
  port = server.port
}
const database = (name: string) => ensureDatabase(server.adminUrl, { name, password: `${name}-0123456789abcdef` })
const open = async (name: string, tryMs = 3_000) => {
  const store = await openRecordStore({ url: await database(name), name, log, tryMs })
  stores.push(store)
  return store
}
const bytes = (text: string) => new TextEncoder().encode(text)

/** The core's view of a store: through both ends of a link. */
function throughLink(store: RecordStore) {
  const [here, there] = duplexPair()
  const unused = () => Promise.reject(new Error('not asked for'))
  serveCore({
    stream: here,
    records: store,
    attestation: { attest: unused },
    kms: { decrypt: unused },
    send: () => undefined,
    log,
    metrics: () => undefined,
  })
  const link = openHostLink({ stream: there })
  const nothing = new Uint8Array(0)
  const init = { index: 0, genesis: nothing, secret: nothing, statements: nothing, ersPublicKey: nothing, anchor: '' }
  here.write(encodeHostMessage({ type: 'init', version: LINK_VERSION, ...init }))
  return link.records
}

function duplexPair(): [Duplex, Duplex] {
  const end = (): Duplex => new Duplex({ read: () => undefined })
  const [one, two] = [end(), end()]
  const connect = (from: Duplex, to: Duplex) => {
    from._write = (chunk: Uint8Array, _encoding, done) => {
      to.push(chunk)
      done()
    }
  }
  connect(one, two)
  connect(two, one)
  return [one, two]
}

beforeAll(start)
afterAll(async () => {
  await Promise.all(stores.map(store => store.close()))
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

recordsContract('PostgreSQL through the link', async () => ({
  records: throughLink(await open('contract')),
  again: async () => throughLink(await open('contract')),
}))

describe('records in PostgreSQL', () => {
  it('are written all or none', async () => {
    const store = await open('atomic')
    // PostgreSQL takes no NUL in text: the second row makes the whole call fail.
    const rows = ['good', 'b\0d'].map(key => ({ table: 't', key, value: bytes('x') }))
    await expect(store.write(rows)).rejects.toMatchObject({ code: 'database' })
    expect(await store.get('t', 'good')).toBeUndefined()
    await store.write([{ table: 't', key: 'good', value: bytes('x') }])
    expect(await store.get('t', 'good')).toBeDefined()
  })

  it('written together with a call that fails fail with it, later ones do not', async () => {
    const store = await open('together')
    const calls = ['a', 'b\0', 'c'].map(key => store.write([{ table: 't', key, value: bytes('x') }]))
    const results = await Promise.allSettled(calls)
    const there = (await store.page('t', { from: '', exclusive: false }, 10)).rows.map(row => row.key)
    const confirmed = ['a', 'b\0', 'c'].filter((_, i) => results[i]?.status === 'fulfilled')
    expect(there).toEqual(confirmed)
    await store.write([{ table: 't', key: 'd', value: bytes('x') }])
  })

  it('that were confirmed survive kill -9 of the server, and requests wait for its return', async () => {
    // A busy machine takes its time to recover.
    const store = await open('outage', 15_000)
    let confirmed = 0
    const writer = (async () => {
      for (let i = 1; i <= 60; i++) {
        await store.write([{ table: 't', key: i.toString().padStart(4, '0'), value: bytes(`${i}`) }])
        confirmed = i
      }
    })()
    while (confirmed < 20) await sleep(1)
    const at = confirmed
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    const read = store.get('t', '0001')
    await start()
    await writer
    expect(at).toBeLessThan(60)
    expect(await read).toBeDefined()
    expect((await store.page('t', { from: '', exclusive: false }, 100)).rows).toHaveLength(60)
    expect(lines.some(line => line.startsWith('database request failed'))).toBe(true)
  })

  it('fail within their time while the server stays away, and go on when it is back', async () => {
    const store = await open('away')
    await store.write([{ table: 't', key: 'k', value: bytes('1') }])
    await server.stop()
    const before = performance.now()
    const results = await Promise.allSettled([
      store.get('t', 'k'),
      store.write([{ table: 't', key: 'k', value: bytes('2') }]),
      store.page('t', { from: '', exclusive: false }, 1),
    ])
    expect(performance.now() - before).toBeLessThan(5_000)
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'database' } })
    await start()
    expect(Buffer.from((await store.get('t', 'k')) ?? []).toString()).toBe('1')
    await store.write([{ table: 't', key: 'k', value: bytes('3') }])
    expect(Buffer.from((await store.get('t', 'k')) ?? []).toString()).toBe('3')
  })

  it('are not written after they were reported as failed', async () => {
    const url = await database('stuck')
    const store = await open('stuck')
    await store.write([{ table: 't', key: 'k', value: bytes('1') }])
    const pool = createPool(url)
    const locker = await pool.connect()
    await locker.query('begin')
    await locker.query('lock table records')
    await expect(store.write([{ table: 't', key: 'k', value: bytes('2') }])).rejects.toMatchObject({ code: 'database' })
    await locker.query('commit')
    locker.release()
    await sleep(300)
    expect(Buffer.from((await store.get('t', 'k')) ?? []).toString()).toBe('1')
    await pool.end()
  })

  it('are refused to start with a wrong password, in one line without it', async () => {
    const url = new URL(await database('locked'))
    url.password = 'wrong-wrong-wrong-wrong'
    const attempt = openRecordStore({ url: url.href, name: 'locked', log })
    await expect(attempt).rejects.toMatchObject({ code: 'database', message: expect.not.stringContaining('wrong-') })
  })
})
