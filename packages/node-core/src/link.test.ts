import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CoreMessage,
  decodeCoreMessage,
  decodeHostMessage,
  encodeCoreMessage,
  encodeHostMessage,
  FrameDecoder,
  type HostMessage,
  LINK_VERSION,
  LinkError,
  MAX_FRAME_BYTES,
  MAX_MAIL_BYTES,
} from './link.ts'
import { openHostLink } from './link-client.ts'

const blob = (max = 200) => fc.uint8Array({ maxLength: max })
const id = fc.maxSafeNat()
const name = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })
const hostMessages: fc.Arbitrary<HostMessage> = fc.oneof(
  fc.record({
    type: fc.constant('init' as const),
    version: fc.constant(LINK_VERSION),
    index: fc.nat(255),
    genesis: blob(),
    secret: blob(),
    statements: blob(),
    ersPublicKey: blob(),
    anchor: fc.option(name, { nil: undefined }),
  }),
  fc.record({ type: fc.constant('value' as const), id, value: fc.option(blob(), { nil: undefined }) }),
  fc.record({
    type: fc.constant('rows' as const),
    id,
    rows: fc.array(fc.record({ key: name, value: blob() }), { maxLength: 5 }),
    complete: fc.boolean(),
  }),
  fc.record({ type: fc.constant('done' as const), id }),
  fc.record({ type: fc.constant('failed' as const), id, reason: name }),
  fc.record({
    type: fc.constant('mail' as const),
    from: fc.constantFrom('node1' as const, 'wallet' as const),
    message: blob(),
  }),
  fc.record({ type: fc.constant('stop' as const) }),
  fc.record({ type: fc.constant('pipeBytes' as const), pipe: fc.nat(3), bytes: blob() }),
  fc.record({ type: fc.constant('pipeTaken' as const), pipe: fc.nat(3), length: fc.nat(2 ** 32 - 1) }),
  fc.record({ type: fc.constant('pipeClose' as const), pipe: fc.nat(3), reason: name }),
)

/** The host's end of a stream pair, played by the test. */
function pair() {
  const sent: CoreMessage[] = []
  const decoder = new FrameDecoder()
  const waiting: ((message: CoreMessage) => void)[] = []
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Uint8Array, _encoding, done) {
      for (const body of decoder.push(new Uint8Array(chunk))) {
        const message = decodeCoreMessage(body)
        const next = waiting.shift()
        if (next === undefined) sent.push(message)
        else next(message)
      }
      done()
    },
  })
  const say = (message: HostMessage) => void stream.push(encodeHostMessage(message))
  const heard = (): Promise<CoreMessage> => {
    const message = sent.shift()
    return message === undefined ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve(message)
  }
  /** The id of the next request. */
  const asked = async (): Promise<number> => {
    const message = await heard()
    return 'id' in message ? message.id : expect.fail(`request expected, ${message.type} came`)
  }
  return { stream, say, heard, asked, sent }
}
const init: HostMessage = {
  type: 'init',
  version: LINK_VERSION,
  index: 0,
  genesis: Uint8Array.of(1),
  secret: Uint8Array.of(2),
  statements: Uint8Array.of(4),
  ersPublicKey: Uint8Array.of(3),
  anchor: '/anchor',
}
function started(requestTimeout?: number) {
  const host = pair()
  const link = openHostLink({ stream: host.stream, ...(requestTimeout !== undefined && { requestTimeout }) })
  host.say(init)
  return { ...host, link }
}

describe('frames', () => {
  it('are cut out of any chunks', () => {
    fc.assert(
      fc.property(
        fc.array(hostMessages, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 })),
        (messages, cuts) => {
          const stream = Buffer.concat(messages.map(encodeHostMessage))
          const decoder = new FrameDecoder()
          const bodies: Uint8Array[] = []
          let at = 0
          for (let i = 0; at < stream.length; i++) {
            const size = cuts[i % Math.max(cuts.length, 1)] ?? stream.length
            bodies.push(...decoder.push(new Uint8Array(stream.subarray(at, at + size))))
            at += size
          }
          expect(bodies.map(decodeHostMessage)).toEqual(messages)
        },
      ),
    )
  })

  it('are refused when empty or above the bound, before their bytes arrive', () => {
    for (const length of [0, MAX_FRAME_BYTES + 1, 0xffffffff]) {
      const head = new Uint8Array(4)
      new DataView(head.buffer).setUint32(0, length)
      expect(() => new FrameDecoder().push(head)).toThrow(LinkError)
    }
  })

  it('of random bytes never decode to anything but a message or LinkError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), body => {
        for (const parse of [decodeHostMessage, decodeCoreMessage]) {
          try {
            parse(body)
          } catch (error) {
            expect(error).toMatchObject({ name: 'LinkError', code: 'malformed' })
          }
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('have one form: a changed, cut or longer body is another message or none', () => {
    fc.assert(
      fc.property(hostMessages, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, flip) => {
        const body = encodeHostMessage(message).subarray(4)
        const changed = Uint8Array.from(body)
        const position = at % changed.length
        changed[position] = (changed[position] ?? 0) ^ flip
        for (const other of [changed, body.subarray(0, -1), Uint8Array.of(...body, 0)]) {
          try {
            expect(decodeHostMessage(other)).not.toEqual(message)
          } catch (error) {
            if (!(error instanceof LinkError)) throw error
          }
        }
      }),
    )
  })

  it('do not carry more than the bounds', () => {
    const message = new Uint8Array(MAX_MAIL_BYTES + 1)
    expect(() => encodeHostMessage({ type: 'mail', from: 'wallet', message })).toThrow(LinkError)
    const value = new Uint8Array(5 * 1024 * 1024)
    const rows = ['a', 'b'].map(key => ({ table: 't', key, value }))
    expect(() => encodeCoreMessage({ type: 'put', id: 1, rows })).toThrow(/bytes/)
  })
})

describe('the core’s end', () => {
  it('matches answers to requests in any order', async () => {
    const { link, say, asked } = started()
    const first = link.records.get('t', 'a')
    const second = link.records.get('t', 'b')
    const [one, two] = [await asked(), await asked()]
    say({ type: 'value', id: two, value: Uint8Array.of(2) })
    say({ type: 'value', id: one, value: undefined })
    expect(await first).toBeUndefined()
    expect(await second).toEqual(Uint8Array.of(2))
  })

  it('passes on the host’s refusal and goes on', async () => {
    const { link, say, asked } = started()
    const put = link.records.put([{ table: 't', key: 'k', value: new Uint8Array(1) }])
    say({ type: 'failed', id: await asked(), reason: 'disk\nfull' })
    await expect(put).rejects.toMatchObject({ code: 'refused', message: 'disk full' })
    const again = link.records.put([{ table: 't', key: 'k', value: new Uint8Array(1) }])
    say({ type: 'done', id: await asked() })
    await again
  })

  it('gives up a request without answer, and drops the late answer', async () => {
    const { link, say, asked } = started(20)
    const late = link.records.get('t', 'a')
    await expect(late).rejects.toMatchObject({ code: 'timeout' })
    say({ type: 'value', id: await asked(), value: Uint8Array.of(1) })
    const next = link.records.get('t', 'b')
    say({ type: 'value', id: await asked(), value: Uint8Array.of(2) })
    expect(await next).toEqual(Uint8Array.of(2))
  })

  it('asks on where a page was cut', async () => {
    const { link, say, heard } = started()
    const rows = link.records.range('t', 'a', 10)
    const row = (key: string) => ({ key, value: Uint8Array.of(1) })
    const first = await heard()
    expect(first).toMatchObject({ from: 'a', exclusive: false, limit: 10 })
    say({ type: 'rows', id: 1, rows: [row('a'), row('b')], complete: false })
    expect(await heard()).toMatchObject({ from: 'b', exclusive: true, limit: 8 })
    say({ type: 'rows', id: 2, rows: [row('c')], complete: true })
    expect((await rows).map(({ key }) => key)).toEqual(['a', 'b', 'c'])
  })

  it('sends no request for nothing', async () => {
    const { link, sent } = started()
    await link.records.put([])
    await link.records.remove('t', [])
    expect(sent).toEqual([])
  })

  it('delivers mail; a handler that throws loses only that message', async () => {
    const { link, say, heard } = started()
    await link.init
    const got: number[] = []
    link.mailbox.onMessage((_, message) => {
      got.push(message[0] ?? 0)
      if (message[0] === 1) throw new RangeError('secret words')
    })
    for (const i of [1, 2]) say({ type: 'mail', from: 'wallet', message: Uint8Array.of(i) })
    const line = await heard()
    expect(line).toMatchObject({ type: 'log', level: 'error' })
    expect(JSON.stringify(line)).not.toContain('secret words')
    expect(got).toEqual([1, 2])
  })

  it('tells a stop from an end, and lets requests finish after a stop', async () => {
    const stopped = started()
    await stopped.link.init
    stopped.say({ type: 'stop' })
    expect(await stopped.link.over).toBe('stop')
    const get = stopped.link.records.get('t', 'k')
    stopped.say({ type: 'value', id: await stopped.asked(), value: undefined })
    await get

    const ended = started()
    await ended.link.init
    const cut = ended.link.records.get('t', 'k')
    ended.stream.push(null)
    expect(await ended.link.over).toBe('closed')
    await expect(cut).rejects.toMatchObject({ code: 'closed' })
    await expect(ended.link.records.get('t', 'k')).rejects.toMatchObject({ code: 'closed' })
  })

  it('opens pipes, which end with the link', async () => {
    const { link, stream, say, heard } = started()
    await link.init
    const [first, second] = [link.openPipe(), link.openPipe()]
    expect([await heard(), await heard()]).toMatchObject([
      { type: 'pipeOpen', pipe: 1 },
      { type: 'pipeOpen', pipe: 2 },
    ])
    second.write('up')
    expect(await heard()).toMatchObject({ type: 'pipeBytes', pipe: 2, bytes: Uint8Array.from(Buffer.from('up')) })
    say({ type: 'pipeBytes', pipe: 1, bytes: Uint8Array.of(7) })
    expect(await new Promise(resolve => first.once('data', resolve))).toEqual(Buffer.of(7))
    const failed = new Promise(resolve => second.once('error', resolve))
    stream.push(null)
    expect(await failed).toMatchObject({ code: 'closed' })
  })

  it('shortens what does not fit a log line or a metric', async () => {
    const { link, heard } = started()
    link.log('warn', `${'x'.repeat(5000)}\ud800`, { a: `\ud800${'é'.repeat(5000)}`, b: Number.NaN, c: true, d: -1.5 })
    expect(await heard()).toMatchObject({ type: 'log', level: 'warn' })
    link.metrics.gauge('g', Number.POSITIVE_INFINITY, { l: '😀'.repeat(500) })
    expect(await heard()).toMatchObject({ type: 'metric', value: 0 })
    await link.fatal('😀'.repeat(5000))
    expect(await heard()).toMatchObject({ type: 'fatal' })
  })

  const breaches: [string, (host: ReturnType<typeof started>) => void | Promise<void>][] = [
    ['a second init', ({ say }) => say(init)],
    ['an answer never asked for', ({ say }) => say({ type: 'done', id: 7 })],
    ['garbage', ({ stream }) => void stream.push(Uint8Array.of(0, 0, 0, 2, 99, 1))],
    ['a frame above the bound', ({ stream }) => void stream.push(Uint8Array.of(255, 0, 0, 0))],
    ['bytes for a pipe that is not open', ({ say }) => say({ type: 'pipeBytes', pipe: 1, bytes: Uint8Array.of(1) })],
    [
      'more taken from a pipe than was sent',
      ({ link, say }) => {
        link.openPipe()
        say({ type: 'pipeTaken', pipe: 1, length: 1 })
      },
    ],
    [
      'an answer of another kind',
      async ({ link, say, asked }) => {
        link.records.get('t', 'k').catch(() => undefined)
        say({ type: 'done', id: await asked() })
      },
    ],
    [
      'an empty answer to attest',
      async ({ link, say, asked }) => {
        link.attestation.attest({}).catch(() => undefined)
        say({ type: 'value', id: await asked(), value: undefined })
      },
    ],
    ...(
      [
        ['more rows than asked for', ['b', 'c', 'd'], true],
        ['rows out of order', ['c', 'b'], true],
        ['a row twice', ['b', 'b'], true],
        ['a row before the start', ['a'], true],
        ['a page without end', [], false],
      ] as const
    ).map(([what, keys, complete]): (typeof breaches)[number] => [
      what,
      async ({ link, say, asked }) => {
        link.records.range('t', 'b', 2).catch(() => undefined)
        const rows = keys.map(key => ({ key, value: new Uint8Array(0) }))
        say({ type: 'rows', id: await asked(), rows, complete })
      },
    ]),
  ]
  it.each(breaches)('ends on %s', async (_, breach) => {
    const host = started()
    await host.link.init
    const pending = host.link.records.get('t', 'pending')
    pending.catch(() => undefined)
    await host.asked()
    await breach(host)
    expect(await host.link.over).toMatchObject({ code: 'malformed' })
    await expect(pending).rejects.toThrow(LinkError)
    expect(host.stream.destroyed).toBe(true)
  })

  it.each([
    ['another message first', { type: 'stop' }],
    ['another version', { ...init, version: LINK_VERSION + 1 }],
  ] as [string, HostMessage][])('refuses to start with %s', async (_, message) => {
    const host = pair()
    const link = openHostLink({ stream: host.stream })
    host.say(message)
    expect(await link.over).toMatchObject({ code: 'malformed' })
    await expect(link.init).rejects.toThrow(LinkError)
  })

  it('survives any host: it runs on or ends, and throws nowhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(hostMessages, blob(50)), { maxLength: 10 }), async script => {
        const { link, stream, say } = started()
        link.openPipe()
        const asks = [link.records.get('t', 'k'), link.records.range('t', '', 3), link.attestation.attest({})]
        const results = Promise.allSettled(asks)
        for (const step of script) {
          if (stream.destroyed) break
          if (step instanceof Uint8Array) stream.push(step)
          else say(step)
        }
        stream.push(null)
        await link.over
        for (const result of await results)
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LinkError)
      }),
      { numRuns: 200 },
    )
  })
})
