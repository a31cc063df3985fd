import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { openHostLink } from '@trivault/node-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connect, connectTo } from './anchor-pipe.ts'
import { serveCore } from './core-link.ts'

let server: Server
let arrived: Socket[]
beforeEach(async () => {
  arrived = []
  server = createServer(socket => {
    arrived.push(socket.on('error', () => undefined))
    socket.on('data', chunk => socket.write(chunk))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  for (const socket of arrived) socket.destroy()
  server.close()
})

/** A core's link to a host that serves nothing but the way to the anchor. */
function linked(connectAnchor: Connect | undefined) {
  const [near, far] = duplexPair()
  const none = () => expect.fail('not asked for')
  const host = serveCore({
    stream: far,
    records: { get: none, page: none, write: none, close: none },
    attestation: { attest: none },
    kms: { decrypt: none },
    send: none,
    log: () => undefined,
    metrics: () => undefined,
    connectAnchor,
  })
  const link = openHostLink({ stream: near })
  const { port } = server.address() as AddressInfo
  host
    .start({
      ...{ index: 0, genesis: new Uint8Array(1), secret: new Uint8Array(1), ersPublicKey: new Uint8Array(1) },
      ...{ statements: new Uint8Array(1), anchor: undefined },
    })
    .catch(() => undefined)
  return { link, host, port }
}
const here: Connect = () => connect((server.address() as AddressInfo).port, '127.0.0.1')
const failed = (pipe: Duplex) => new Promise(resolve => pipe.once('error', resolve))
const heard = (pipe: Duplex) => new Promise<Buffer>(resolve => pipe.once('data', resolve))

describe('the way to the anchor', () => {
  it('carries bytes both ways to the configured place and nowhere else', async () => {
    const { port } = server.address() as AddressInfo
    const { link } = linked(connectTo({ host: '127.0.0.1', port }))
    const pipe = link.openPipe()
    pipe.write('hello')
    expect((await heard(pipe)).toString()).toBe('hello')
    expect(arrived).toHaveLength(1)
    const much = Buffer.alloc(3_000_000, 5)
    pipe.write(much)
    let size = 0
    for await (const part of pipe) {
      size += (part as Buffer).length
      if (size === much.length) break
    }
    expect(size).toBe(much.length)
  })

  it('ends on both sides when either ends', async () => {
    const { link } = linked(here)
    const pipe = link.openPipe()
    pipe.write('x')
    await heard(pipe)
    const closed = new Promise(resolve => arrived[0]?.once('close', resolve))
    pipe.destroy()
    await closed

    const second = link.openPipe()
    second.write('x')
    await heard(second)
    const ended = new Promise(resolve => second.resume().once('end', resolve))
    arrived[1]?.end()
    await ended

    const third = link.openPipe()
    third.write('x')
    await heard(third)
    const broken = failed(third)
    arrived[2]?.resetAndDestroy()
    expect(await broken).toMatchObject({ message: expect.stringContaining('ECONNRESET') })
  })

  it('says why there is none: no such place, nobody there, too many', async () => {
    expect(await failed(linked(undefined).link.openPipe())).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('names a directory'),
    })
    const { link } = linked(connectTo({ host: '127.0.0.1', port: 1 }))
    expect(await failed(link.openPipe())).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })
    const many = linked(here).link
    const pipes = Array.from({ length: 5 }, () => many.openPipe())
    expect(await failed(pipes[4] as Duplex)).toMatchObject({ message: expect.stringContaining('too many') })
  })

  it('ends with the core', async () => {
    const { link, host } = linked(here)
    const pipe = link.openPipe()
    pipe.write('x')
    await heard(pipe)
    const closed = new Promise(resolve => arrived[0]?.once('close', resolve))
    link.close()
    await host.over
    await closed
  })
})
