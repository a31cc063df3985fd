import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { firstAnchorRow } from '@trivault/node-core'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sealRow } from '../../src/table/rows.ts'
import { error, http, type Identity, identity, type Reply, startStandIn, type Wire } from './stand-in.ts'
import { key, record, row, startWorld, type World } from './world.ts'

let own: Identity
let world: World
beforeAll(async () => {
  own = await identity()
})
beforeEach(async () => {
  world = await startWorld(own)
})
afterEach(() => world.close())

/** One attempt. */
const fast = { attempt: 2_000, patience: 0 }
const ok = (body: string): Reply => ({ status: 200, body })

describe('the certificate', () => {
  const refused: [string, () => Promise<Identity>, RegExp][] = [
    ['of another authority', () => identity(), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/],
    [
      'for another name',
      async () => ({ ...(await identity('dynamodb.us-east-1.amazonaws.com')), trusted: true }),
      /ALTNAME_INVALID/,
    ],
    ['that expired', () => identity(undefined, Date.now() - 600 * 86_400_000), /EXPIRED/],
    ['that is not valid yet', () => identity(undefined, Date.now() + 30 * 86_400_000), /NOT_YET_VALID/],
  ]
  it.each(refused)('%s is refused before a byte is sent', async (what, make, code) => {
    const presented = await make()
    const impostor = await startStandIn({ key, identity: presented })
    const authority = what === 'of another authority' ? own.authority : presented.authority
    const access = { ...world.table.access, authority }
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const { votes } = world.open({ access, openPipe: impostor.openPipe, ...fast })
      await expect(votes.load()).rejects.toMatchObject({ code: 'anchor-unreachable', message: code })
      await expect(votes.compareAndSet(0, row(1, 'x'))).rejects.toMatchObject({ code: 'anchor-unreachable' })
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
    expect(impostor.connections).toBeGreaterThan(0)
    expect(impostor.received).toBe(0)
    await impostor.close()
  })

  it('counts under the roots of Amazon alone where the secret names no other', async () => {
    const { authority: _, ...access } = world.table.access
    await expect(world.open({ access, ...fast }).votes.load()).rejects.toMatchObject({ code: 'anchor-unreachable' })
    expect(world.table.received).toBe(0)
  })

  it('cannot be replaced by an older protocol or by none', async () => {
    const old = createTlsServer({ ...own, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
    let plain = 0
    const none = createHttpServer((_, response) => {
      plain += 1
      response.end('{}')
    })
    for (const server of [old, none]) {
      server.on('tlsClientError', () => undefined)
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const { votes } = world.open({ openPipe: () => connect(port, '127.0.0.1'), ...fast })
      await expect(votes.load()).rejects.toMatchObject({ code: 'anchor-unreachable' })
      server.close()
    }
    expect(plain).toBe(0)
  })

  it('of an authority that is none keeps the core from starting', () => {
    const access = { ...world.table.access, authority: new Uint8Array(40) }
    expect(() => world.open({ access })).toThrow(expect.objectContaining({ code: 'bad-secret' }))
  })
})

describe('rows', () => {
  const setVotes = (change: Wire) => world.table.items.set('votes', { ...world.table.items.get('votes'), ...change })
  const sealed = (version: number, text: string, name = 'votes', own = key) => ({
    version: { N: `${version}` },
    row: {
      B: Buffer.from(sealRow(own, name, new Uint8Array(16), { version, content: record(text) })).toString('base64'),
    },
  })

  it('older than one that this process read or wrote is refused', async () => {
    const { votes } = world.open()
    await votes.compareAndSet(0, row(1, 'a'))
    const before = world.table.items.get('votes') ?? {}
    await votes.compareAndSet(1, row(2, 'b'))
    setVotes(before)
    await expect(votes.load()).rejects.toMatchObject({ code: 'anchor', message: /set back from version 2 to 1/ })
    expect(await votes.compareAndSet(2, row(3, 'c'))).toBe(false)

    setVotes(sealed(9, 'z'))
    const reader = world.open().votes
    await reader.load()
    setVotes(sealed(8, 'y'))
    await expect(reader.load()).rejects.toMatchObject({ code: 'anchor' })
  })

  it('with a second content for a version, or gone, are refused', async () => {
    const { votes } = world.open()
    await votes.compareAndSet(0, row(1, 'a'))
    setVotes(sealed(1, 'a'))
    await expect(votes.load()).rejects.toMatchObject({ code: 'anchor', message: /two contents/ })
    world.table.items.clear()
    await expect(votes.load()).rejects.toMatchObject({ code: 'anchor', message: /is gone/ })
  })

  it.each([
    ['of another node', () => sealed(1, 'a', 'votes', new Uint8Array(32))],
    ['of another record', () => sealed(1, 'a', 'holds')],
    ['of another record by name', () => ({ record: { S: 'holds' } })],
    ['with another version than inside', () => ({ ...sealed(1, 'a'), version: { N: '2' } })],
    ['that are cut', () => ({ row: { B: 'AAAA' } })],
    ['that are empty', () => ({ row: { B: '' } })],
  ])('%s are refused', async (_, change) => {
    setVotes(change())
    await expect(world.open().votes.load()).rejects.toMatchObject({ code: 'anchor' })
  })

  it('with any one bit changed are refused', async () => {
    const { votes } = world.open()
    const good = Buffer.from(firstAnchorRow(key))
    for (let i = 0; i < good.length; i++) {
      const bad = Buffer.from(good)
      bad[i] = (bad[i] ?? 0) ^ (1 << (i % 8))
      setVotes({ row: { B: bad.toString('base64') } })
      await expect(votes.load()).rejects.toMatchObject({ code: 'anchor' })
    }
  })
})

describe('answers', () => {
  const item = () => JSON.stringify({ Item: world.table.items.get('votes') })
  const unreadable: [string, () => Reply | Uint8Array][] = [
    ['without JSON', () => ok('hello')],
    ['empty', () => ok('')],
    ['cut', () => ok(item().slice(0, -1))],
    ['with a key twice', () => ok(item().replace('{"Item":', '{"Item":{},"Item":'))],
    ['with an attribute twice', () => ok(item().replace('"version":', '"version":{"N":"7"},"version":'))],
    ['with an attribute more', () => ok(item().replace('"version":', '"other":{"N":"7"},"version":'))],
    ['with a member more', () => ok(item().replace('{"Item":', '{"More":1,"Item":'))],
    ['with an attribute less', () => ok(JSON.stringify({ Item: { record: { S: 'votes' } } }))],
    ['with another type', () => ok(item().replace('"N":"0"', '"S":"0"'))],
    ['with a number for a text', () => ok(item().replace('"N":"0"', '"N":0'))],
    ['with a version that is none', () => ok(item().replace('"N":"0"', '"N":"00"'))],
    ['with a version beyond exactness', () => ok(item().replace('"N":"0"', '"N":"9007199254740993"'))],
    ['with base64 that is not canonical', () => ok(item().replace('"B":"', '"B":" '))],
    ['deeply nested', () => ok('['.repeat(100_000))],
    ['that are no UTF-8', () => Buffer.concat([http(ok('"xx"')).subarray(0, -3), Buffer.from([0xff, 0xfe, 0x22])])],
    ['that are not HTTP', () => Buffer.from('SSH-2.0-OpenSSH_9.2\r\n\r\n')],
    ['of two lengths', () => Buffer.from('HTTP/1.1 200 x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}')],
    ['with endless headers', () => Buffer.from(`HTTP/1.1 200 x\r\n${'a: b\r\n'.repeat(50_000)}\r\n{}`)],
    ['longer than said', () => Buffer.from(`HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\n${item()}`)],
    ['with another status', () => ({ status: 204, body: '' })],
    [
      'that send elsewhere',
      () => Buffer.from('HTTP/1.1 301 x\r\nLocation: https://evil/\r\nContent-Length: 0\r\n\r\n'),
    ],
    ['of errors without a name', () => ({ status: 400, body: '{"message":"no"}' })],
    ['of errors that are a list', () => ({ status: 400, body: '[]' })],
    ['of errors with an odd name', () => ({ status: 400, body: '{"__type":"a#\\u0007"}' })],
    ['of a put for a get', () => error('ConditionalCheckFailedException')],
  ]
  it.each(unreadable)('%s say nothing', async (what, answer) => {
    const { votes } = world.open(fast)
    world.table.answering = (operation, honest) => (operation === 'GetItem' ? answer() : honest)
    const code = what === 'of a put for a get' ? 'anchor-refused' : 'anchor-unreachable'
    await expect(votes.load()).rejects.toMatchObject({ code })
    world.table.answering = undefined
    expect(await votes.load()).toMatchObject({ version: 0 })
  })

  it('of another request do not count for a put', async () => {
    const { votes } = world.open()
    world.table.answering = (operation, honest, count) => (count === 1 && operation === 'PutItem' ? ok(item()) : honest)
    expect(await votes.compareAndSet(0, row(1, 'a'))).toBe(true)
    world.table.answering = (_, honest, count) => (count === 4 ? ok('{}') : honest)
    await expect(votes.load()).rejects.toMatchObject({ code: 'anchor', message: /is gone/ })
  })

  it('beyond all bounds are not read to their end', async () => {
    const { votes } = world.open(fast)
    const head = 'HTTP/1.1 200 x\r\nContent-Length: 100000000\r\n\r\n"'
    world.table.answering = () => Buffer.from(head + 'x'.repeat(700_000))
    await expect(votes.load()).rejects.toMatchObject({ code: 'anchor-unreachable', message: /beyond all bounds/ })
  })

  it('without end, drop by drop, or never are not waited for', async () => {
    const { votes } = world.open({ attempt: 800, patience: 0 })
    world.table.answering = () => 'silence'
    const before = performance.now()
    await expect(votes.load()).rejects.toMatchObject({ code: 'anchor-unreachable', message: /in time/ })
    expect(performance.now() - before).toBeLessThan(4_000)
    world.table.answering = (_, honest) => ({ drops: http(honest) })
    await expect(votes.load()).rejects.toMatchObject({ code: 'anchor-unreachable', message: /in time/ })
    world.table.answering = undefined
    expect(await votes.load()).toMatchObject({ version: 0 })
  })

  it('that the service is busy or broken are asked for again', async () => {
    const { votes } = world.open({ patience: 8_000 })
    const later: Reply[] = [
      error('ThrottlingException'),
      error('ProvisionedThroughputExceededException'),
      { ...error('InternalServerError'), status: 500 },
      { status: 503, body: '' },
    ]
    world.table.answering = (_, honest) => later.shift() ?? honest
    expect(await votes.load()).toMatchObject({ version: 0 })
    expect(later).toEqual([])
  })

  it.each([
    ['AccessDeniedException', 'no', /refuses this node: AccessDeniedException$/],
    ['UnrecognizedClientException', 'no', /UnrecognizedClientException$/],
    ['ResourceNotFoundException', 'no', /ResourceNotFoundException$/],
    [
      'InvalidSignatureException',
      'Signature expired: 20261122T000000Z is now earlier than 20261122T000500Z',
      /clocks of this node and of AWS differ/,
    ],
    ['InvalidSignatureException', 'Signature not yet current: 2026', /clocks of this node and of AWS differ/],
    ['InvalidSignatureException', 'The request signature we calculated does not match', /InvalidSignatureException$/],
  ])('%s (%s) are told at once', async (name, words, message) => {
    const { votes } = world.open()
    world.table.answering = () => error(name, words)
    await expect(votes.load()).rejects.toMatchObject({ code: 'anchor-refused', message })
    expect(world.table.requests).toHaveLength(1)
    world.table.answering = undefined
    expect(await votes.load()).toMatchObject({ version: 0 })
  })

  it('that a condition failed count only with what is there', async () => {
    const { votes } = world.open()
    // Said to have failed, but done: it is exactly ours.
    world.table.answering = (operation, honest) =>
      operation === 'PutItem' ? error('ConditionalCheckFailedException') : honest
    expect(await votes.compareAndSet(0, row(1, 'a'))).toBe(true)
    // Said to have failed, and not done, though nobody changed the row.
    const there = world.table.items.get('votes') ?? {}
    world.table.answering = (operation, honest) => {
      world.table.items.set('votes', there)
      return operation === 'PutItem' ? error('ConditionalCheckFailedException') : honest
    }
    await expect(votes.compareAndSet(1, row(2, 'b'))).rejects.toMatchObject({ code: 'anchor', message: /has not/ })
  })
})
