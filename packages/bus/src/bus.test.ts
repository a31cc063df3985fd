import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type Bus,
  BusError,
  type BusStatus,
  connectBus,
  ensurePki,
  MAX_PAYLOAD,
  type Pki,
  serverConfig,
} from './index.ts'
import { inboxOf, senderOf, subjectOf } from './names.ts'

const PARTIES = ['node0', 'node1', 'node2', 'wallet']
const dir = mkdtempSync(join(tmpdir(), 'trivault-bus-'))
const open: Bus[] = []
let pki: Pki
let port: number
let server: ChildProcess

const startServer = async () => {
  server = spawn('nats-server', ['-c', join(dir, 'nats.conf')], { stdio: 'ignore' })
  await new Promise((resolve, reject) => {
    server.once('spawn', resolve)
    server.once('error', reject)
  })
}
const stopServer = async (signal: NodeJS.Signals) => {
  const ended = new Promise(resolve => server.once('exit', resolve))
  server.kill(signal)
  await ended
}
const credentials = (party: string) => pki.clients[party] ?? expect.fail(`no credentials of ${party}`)
const join_ = async (self: string, options: { as?: string; url?: string; firstConnectMs?: number } = {}) => {
  const bus = await connectBus({
    url: options.url ?? `tls://127.0.0.1:${port}`,
    ...credentials(options.as ?? self),
    self,
    firstConnectMs: options.firstConnectMs ?? 10_000,
  })
  open.push(bus)
  return bus
}
const inbox = (bus: Bus) => {
  const got: { from: string; text: string }[] = []
  bus.onMessage((from, bytes) => got.push({ from, text: Buffer.from(bytes).toString() }))
  return got
}
const until = async (done: () => boolean) => {
  for (let i = 0; i < 500 && !done(); i++) await sleep(10)
  expect(done()).toBe(true)
}

beforeAll(async () => {
  pki = await ensurePki({ dir: join(dir, 'pki'), parties: PARTIES, now: Date.now() })
  port = await new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
  writeFileSync(join(dir, 'nats.conf'), serverConfig({ host: '127.0.0.1', port, server: pki.server, parties: PARTIES }))
  await startServer()
})

afterEach(async () => {
  for (const bus of open.splice(0)) await bus.close()
})

afterAll(async () => {
  await stopServer('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

describe('messages', () => {
  it('arrive with the sender that the broker authenticated, in order, and only at the receiver', async () => {
    const [zero, one, wallet] = await Promise.all([join_('node0'), join_('node1'), join_('wallet')])
    const atOne = inbox(one)
    const atWallet = inbox(wallet)
    for (let i = 0; i < 100; i++) expect(zero.send('node1', Buffer.from(`${i}`))).toBe(true)
    wallet.send('node1', Buffer.from('hello'))
    await until(() => atOne.length === 101)
    expect(atOne.filter(m => m.from === 'node0').map(m => m.text)).toEqual(
      Array.from({ length: 100 }, (_, i) => `${i}`),
    )
    expect(atOne.filter(m => m.from === 'wallet').map(m => m.text)).toEqual(['hello'])
    expect(atWallet).toEqual([])
  })

  it('may have 1 MiB and more; what is larger than the broker takes is rejected, not lost', async () => {
    const [zero, one] = await Promise.all([join_('node0'), join_('node1')])
    const sizes: number[] = []
    one.onMessage((_, bytes) => sizes.push(bytes.length))
    zero.send('node1', new Uint8Array(1024 * 1024))
    zero.send('node1', new Uint8Array(MAX_PAYLOAD))
    expect(() => zero.send('node1', new Uint8Array(MAX_PAYLOAD + 1))).toThrow(BusError)
    zero.send('node1', new Uint8Array(0))
    await until(() => sizes.length === 3)
    expect(sizes).toEqual([1024 * 1024, MAX_PAYLOAD, 0])
  })

  it('flow again after the broker was killed and came back; what is sent meanwhile is reported lost', async () => {
    const [zero, one] = await Promise.all([join_('node0'), join_('node1')])
    const atOne = inbox(one)
    const seen: BusStatus[] = []
    zero.onStatus(status => seen.push(status))
    await stopServer('SIGKILL')
    await until(() => zero.status() === 'disconnected' && one.status() === 'disconnected')
    expect(zero.send('node1', Buffer.from('lost'))).toBe(false)
    await startServer()
    await until(() => zero.status() === 'connected' && one.status() === 'connected')
    zero.send('node1', Buffer.from('after'))
    await until(() => atOne.length === 1)
    expect(atOne).toEqual([{ from: 'node0', text: 'after' }])
    expect(seen).toEqual(['disconnected', 'connected'])
  })

  it.each(['node1.x', '*', '>', '', 'Node1'])('rejects the receiver %j', async to => {
    const zero = await join_('node0')
    expect(() => zero.send(to, new Uint8Array(1))).toThrow(BusError)
  })
})

describe('the broker', () => {
  it('rejects a client without a certificate, over TLS and in plain text', async () => {
    const url = `127.0.0.1:${port}`
    const { ca } = credentials('node0')
    await expect(connect({ servers: url, tls: { caFile: ca }, timeout: 2_000, reconnect: false })).rejects.toThrow()
    await expect(connect({ servers: url, tls: null, timeout: 2_000, reconnect: false })).rejects.toThrow()
  })

  it('rejects a client with a certificate of another root', async () => {
    const other = await ensurePki({ dir: join(dir, 'other'), parties: PARTIES, now: Date.now() })
    const { cert, key } = other.clients.node0 ?? expect.fail()
    const { ca } = credentials('node0')
    const attempt = connectBus({ url: `tls://127.0.0.1:${port}`, ca, cert, key, self: 'node0', firstConnectMs: 300 })
    await expect(attempt).rejects.toMatchObject({ name: 'BusError' })
  })

  it('rejects a client that is of our root but not in the configuration', async () => {
    const more = await ensurePki({ dir: join(dir, 'more'), parties: ['node0', 'stranger'], now: Date.now() })
    writeFileSync(
      join(dir, 'more.conf'),
      serverConfig({ host: '127.0.0.1', port: port + 1, server: more.server, parties: ['node0'] }),
    )
    const second = spawn('nats-server', ['-c', join(dir, 'more.conf')], { stdio: 'ignore' })
    try {
      const url = `tls://127.0.0.1:${port + 1}`
      const known = await connectBus({ url, ...(more.clients.node0 ?? expect.fail()), self: 'node0' })
      await known.close()
      const stranger = connectBus({
        url,
        ...(more.clients.stranger ?? expect.fail()),
        self: 'stranger',
        firstConnectMs: 300,
      })
      await expect(stranger).rejects.toMatchObject({ code: 'refused' })
    } finally {
      second.kill('SIGKILL')
    }
  })

  it('is rejected by clients when its certificate is not of their root', async () => {
    const other = await ensurePki({ dir: join(dir, 'other'), parties: PARTIES, now: Date.now() })
    const attempt = connectBus({
      url: `tls://127.0.0.1:${port}`,
      ...(other.clients.node0 ?? expect.fail()),
      self: 'node0',
      firstConnectMs: 300,
    })
    await expect(attempt).rejects.toMatchObject({ code: 'unreachable' })
  })

  const raw = (party: string) => {
    const { ca, cert, key } = credentials(party)
    return connect({ servers: `127.0.0.1:${port}`, tls: { caFile: ca, certFile: cert, keyFile: key } })
  }

  it('rejects messages that name another sender, or no receiver of ours', async () => {
    const one = await join_('node1')
    const wallet = await join_('wallet')
    const atOne = inbox(one)
    const atWallet = inbox(wallet)
    const zero = await raw('node0')
    for (const subject of [subjectOf('node2', 'node1'), subjectOf('wallet', 'node1'), 'tv.from.x.to.node1', 'other']) {
      zero.publish(subject, Buffer.from('forged'))
    }
    zero.publish(subjectOf('node0', 'node1'), Buffer.from('genuine'))
    await zero.flush()
    await until(() => atOne.length > 0)
    await sleep(100)
    expect(atOne).toEqual([{ from: 'node0', text: 'genuine' }])
    expect(atWallet).toEqual([])
    await zero.close()
  })

  it('rejects a party that claims another name than its certificate has', async () => {
    await expect(join_('node1', { as: 'node0' })).rejects.toMatchObject({ code: 'refused' })
  })

  it.each([inboxOf('node1'), subjectOf('node2', 'node1'), 'tv.>', '>', 'tv.from.*.to.*', '_INBOX.>', '$SYS.>'])(
    'rejects node0 as a reader of %s',
    async subject => {
      const one = await join_('node1')
      const two = await join_('node2')
      const atOne = inbox(one)
      const zero = await raw('node0')
      const errors: unknown[] = []
      const read: unknown[] = []
      zero.subscribe(subject, { callback: (error, message) => void (error ? errors : read).push(error ?? message) })
      await zero.flush()
      two.send('node1', Buffer.from('private'))
      await until(() => atOne.length === 1)
      await until(() => errors.length > 0)
      expect(read).toEqual([])
      await zero.close()
    },
  )
})

describe('certificates', () => {
  it('are private files, kept while valid, and renewed as a whole 30 days before they end', async () => {
    const at = Date.now()
    const options = { dir: join(dir, 'renewed'), parties: PARTIES }
    const first = await ensurePki({ ...options, now: at })
    const { cert, key } = first.clients.wallet ?? expect.fail()
    const inode = (path: string) => statSync(path).ino
    const before = inode(cert)
    expect(statSync(key).mode & 0o777).toBe(0o600)
    await ensurePki({ ...options, now: at + 360 * 86_400_000 })
    expect(inode(cert)).toBe(before)
    await ensurePki({ ...options, now: at + 368 * 86_400_000 })
    expect(inode(cert)).not.toBe(before)
    const renewed = inode(cert)
    rmSync(key)
    await ensurePki({ ...options, now: at + 368 * 86_400_000 })
    expect(inode(cert)).not.toBe(renewed)
  })

  it('leave no private key of the root behind', async () => {
    const { readdirSync } = await import('node:fs')
    const keys = readdirSync(join(dir, 'pki')).filter(name => name.endsWith('.key'))
    expect(keys.sort()).toEqual(['node0.key', 'node1.key', 'node2.key', 'server.key', 'wallet.key'])
  })

  it.each(['no.de', 'node*', '', 'a b', 'x"y'])('are rejected for the name %j', async name => {
    await expect(ensurePki({ dir: join(dir, 'bad'), parties: [name], now: Date.now() })).rejects.toThrow(BusError)
    expect(() => serverConfig({ host: '127.0.0.1', port: 1, server: pki.server, parties: [name] })).toThrow(BusError)
  })
})

describe('subjects', () => {
  it('name the sender only when they are exactly of the inbox', () => {
    expect(senderOf('tv.from.node0.to.node1', 'node1')).toBe('node0')
    for (const bad of [
      'tv.from.node0.to.node2',
      'tv.from..to.node1',
      'tv.from.node0.to.node1.x',
      'x',
      'tv.from.NODE.to.node1',
    ]) {
      expect(senderOf(bad, 'node1')).toBeUndefined()
    }
  })
})

describe('connecting', () => {
  it('rejects other URLs and missing files', async () => {
    await expect(join_('node0', { url: `nats://127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'bad-argument' })
    const { ca, cert } = credentials('node0')
    await expect(
      connectBus({ url: `tls://127.0.0.1:${port}`, ca, cert, key: join(dir, 'nothing'), self: 'node0' }),
    ).rejects.toMatchObject({ code: 'bad-credentials' })
  })

  it('waits for a broker that comes late, but not for ever', async () => {
    await stopServer('SIGTERM')
    await expect(join_('node0', { firstConnectMs: 300 })).rejects.toMatchObject({ code: 'unreachable' })
    const late = join_('node0')
    await sleep(300)
    await startServer()
    expect((await late).status()).toBe('connected')
  })
})
