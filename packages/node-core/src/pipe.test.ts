import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LinkError, MAX_PIPE_BYTES } from './link.ts'
import { PIPE_WINDOW, type PipeMessage, Pipes } from './pipe.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))

/** Both ends of a link; each message arrives in a later turn. `watch` sees every one. */
function joined(watch: (message: PipeMessage, to: 'core' | 'host') => void = () => undefined) {
  const ends = { core: new Pipes(message => send('host', message)), host: new Pipes(message => send('core', message)) }
  const send = (to: 'core' | 'host', message: PipeMessage) => {
    watch(message, to)
    setImmediate(() => ends[to].receive(message))
  }
  return ends
}

async function read(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

describe('a pipe', () => {
  it('carries any bytes both ways, in pieces within bounds, and ends with them', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (up, down) => {
        const { core, host } = joined(message => {
          if (message.type === 'pipeBytes') expect(message.bytes.length).toBeLessThanOrEqual(MAX_PIPE_BYTES)
        })
        const [near, far] = [core.open(), host.open()]
        const parts = (list: number[], seed: number) => list.map((size, i) => Buffer.alloc(size, seed + i))
        for (const part of parts(up, 1)) near.write(part)
        const answered = (async () => {
          const got: Uint8Array[] = []
          let size = 0
          const whole = Buffer.concat(parts(up, 1))
          if (whole.length > 0)
            for await (const part of far.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
              got.push(part)
              size += part.length
              if (size === whole.length) break
            }
          expect(Buffer.concat(got).equals(whole)).toBe(true)
          for (const part of parts(down, 100)) far.write(part)
          far.end()
        })()
        expect((await read(near)).equals(Buffer.concat(parts(down, 100)))).toBe(true)
        await answered
        far.resume()
        for (let i = 0; i < 5; i++) await turn()
        expect([core.size, host.size]).toEqual([0, 0])
      }),
      { numRuns: 30 },
    )
  })

  it('keeps a writer waiting whose reader does not read', async () => {
    let sent = 0
    const { core, host } = joined((message, to) => {
      if (message.type === 'pipeBytes' && to === 'host') sent += message.bytes.length
    })
    const [near, far] = [core.open(), host.open()]
    const much = Buffer.alloc(2_000_000, 7)
    let isWritten = false
    near.write(much, () => {
      isWritten = true
    })
    for (let i = 0; i < 50; i++) await turn()
    expect(sent).toBeLessThanOrEqual(PIPE_WINDOW + far.readableHighWaterMark)
    expect(isWritten).toBe(false)
    let got = 0
    for await (const part of far.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      got += part.length
      if (got === much.length) break
    }
    expect(isWritten).toBe(true)
  })

  it('that the other end closes fails what still waits, with the reason', async () => {
    const { core, host } = joined()
    const [near, far] = [core.open(), host.open()]
    const failed = new Promise(resolve => near.once('error', resolve))
    near.write(Buffer.alloc(PIPE_WINDOW + 1))
    far.destroy(new LinkError('refused', 'no way\nthere'))
    expect(await failed).toMatchObject({ name: 'LinkError' })
    const [second, other] = [core.open(), host.open()]
    const why = new Promise(resolve => second.once('error', resolve))
    other.destroy(new LinkError('refused', 'no way\nthere'))
    expect(await why).toMatchObject({ code: 'refused', message: 'no way there' })
    const [third, last] = [core.open(), host.open()]
    const words = new Promise(resolve => third.once('error', resolve))
    last.destroy(new Error('secret words'))
    expect(await words).toMatchObject({ message: 'the connection broke' })
  })

  it('that is over drops what is still under way', async () => {
    const { core, host } = joined()
    const [near, far] = [core.open(), host.open()]
    near.write('x')
    near.destroy()
    far.write('y')
    for (let i = 0; i < 5; i++) await turn()
    expect([core.size, host.size]).toEqual([0, 0])
    core.receive({ type: 'pipeBytes', pipe: 1, bytes: new Uint8Array(PIPE_WINDOW + 1) })
    core.receive({ type: 'pipeClose', pipe: 1, reason: '' })
  })

  const breaches: [string, (pipes: Pipes) => void][] = [
    [
      'bytes for a pipe that was never open',
      pipes => pipes.receive({ type: 'pipeBytes', pipe: 2, bytes: new Uint8Array(1) }),
    ],
    ['pipe 0', pipes => pipes.receive({ type: 'pipeClose', pipe: 0, reason: '' })],
    ['a pipe opened twice', pipes => pipes.open(1)],
    ['a pipe left out', pipes => pipes.open(3)],
    ['more taken than was sent', pipes => pipes.receive({ type: 'pipeTaken', pipe: 1, length: 1 })],
    [
      'more bytes than the window',
      pipes => {
        for (let i = 0; i <= PIPE_WINDOW / MAX_PIPE_BYTES; i++)
          pipes.receive({ type: 'pipeBytes', pipe: 1, bytes: new Uint8Array(MAX_PIPE_BYTES) })
      },
    ],
  ]
  it.each(breaches)('is broken by %s', (_, breach) => {
    const pipes = new Pipes(() => undefined)
    pipes.open()
    expect(() => breach(pipes)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})
