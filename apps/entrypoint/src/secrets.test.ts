import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { layOut } from './run-dir.ts'
import { databaseUrl, filesOf, readMaster } from './secrets.ts'

const database = { host: 'db.example.com', port: 5432, ca: '/etc/ca.pem' }
const role = JSON.stringify({ database: 'trivault_node0', user: 'trivault_node0', password: 'p'.repeat(32) })
const nodeSecrets = {
  DB_INFO: role,
  BROKER_ROOT_CA: 'root',
  BROKER_TLS: JSON.stringify({ cert: 'c', key: 'k' }),
  NODE_SECRET: JSON.stringify({ version: 2, secret: 'AQID' }),
  PINS: JSON.stringify({ card: {}, pins: { version: 1 }, ersPublicKey: 'pem', statements: { pins: 'signature' } }),
}
const files = (changes: Record<string, string> = {}) =>
  filesOf('node0', new Map(Object.entries({ ...nodeSecrets, ...changes })), database)
const dir = mkdtempSync(join(tmpdir(), 'trivault-run-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the files of a service', () => {
  it('hold each secret where the configuration looks for it', () => {
    const made = files()
    expect(Object.fromEntries(made)).toEqual({
      'secrets/database-url': `postgres://trivault_node0:${'p'.repeat(32)}@db.example.com:5432/trivault_node0?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem`,
      'secrets/broker-root-ca': 'root',
      'secrets/broker-cert': 'c',
      'secrets/broker-key': 'k',
      'secrets/node-secret': new Uint8Array([1, 2, 3]),
      'secrets/pins': '{"version":1}',
      'secrets/statements': '{"pins":"signature"}',
      'secrets/ers-public-key': 'pem',
    })
  })

  it('give the wallet its pins as they are', () => {
    const made = filesOf('wallet', new Map([['PINS', '{"version":1}']]), database)
    expect(made.get('secrets/pins')).toBe('{"version":1}')
  })

  it.each([
    ['a database role of another form', { DB_INFO: '{"user":"secret-value"}' }, /DB_INFO has not the form/],
    ['no JSON', { BROKER_TLS: 'secret-value' }, /BROKER_TLS has not the form/],
    ['a certificate without key', { BROKER_TLS: '{"cert":"secret-value"}' }, /BROKER_TLS has no key/],
    ['no secret', { NODE_SECRET: '{"version":"secret-value"}' }, /NODE_SECRET has no secret/],
    ['no pins', { PINS: '{"card":"secret-value"}' }, /has no pins: the node admin has not pinned the peers/],
    [
      'unsigned pins',
      { PINS: '{"card":{},"pins":{},"ersPublicKey":"secret-value"}' },
      /has no statements: the node admin/,
    ],
  ])('are not made of %s, and the message repeats nothing', (_what, changes, message) => {
    expect(() => files(changes)).toThrow(message)
    expect(() => files(changes)).not.toThrow(/secret-value/)
  })

  it('connect to the database with TLS whatever is in the password', () => {
    const url = new URL(databaseUrl({ database: 'd', user: 'u', password: 'a/b@c:d%?' }, database))
    expect(decodeURIComponent(url.password)).toBe('a/b@c:d%?')
    expect(url.searchParams.get('sslmode')).toBe('verify-full')
    expect(() => readMaster('{"username":"u"}')).toThrow(/DB_MASTER/)
  })
})

describe('the run directory', () => {
  const lay = (changes: Record<string, string> = {}) =>
    layOut({
      runDir: join(dir, 'run'),
      conf: new TextEncoder().encode('{}'),
      files: files(changes),
    })
  const read = (path: string) => readFileSync(join(dir, path), 'utf8')

  it('is private, is laid out anew at each start, and keeps nothing of the last one', async () => {
    mkdirSync(join(dir, 'run', 'secrets'), { recursive: true })
    writeFileSync(join(dir, 'run', 'secrets', 'old'), 'x')
    await lay()
    expect(statSync(join(dir, 'run', 'secrets', 'node-secret')).mode & 0o777).toBe(0o600)
    expect(statSync(join(dir, 'run', 'secrets')).mode & 0o077).toBe(0)
    expect(() => read('run/secrets/old')).toThrow()
    expect(read('run/conf')).toBe('{}')
  })
})
