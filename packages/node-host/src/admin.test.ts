import { type Codec, encode } from '@trivault/codec'
import { type Answer, decodeEnvelope, encodeEnvelope, type SignedHold, signedHoldCodec } from '@trivault/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AdminDesk } from './admin.ts'
import { type MetricsServer, serveMetrics } from './metrics.ts'

const hold: SignedHold = {
  ...{ vaultId: new Uint8Array(32), kind: 'freeze', operationId: '', counter: 1 },
  ...{ keyId: new Uint8Array(32), signature: Uint8Array.of(1, 2) },
}
const port = 20_000 + Math.floor(Math.random() * 10_000)
let server: MetricsServer
let desk: AdminDesk
let asked: SignedHold[]
let answer: Answer

beforeEach(async () => {
  desk = new AdminDesk()
  asked = []
  answer = { type: 'held' }
  server = await serveMetrics({ host: '127.0.0.1', port }, 'node0', { '/hold': body => desk.bring(body) })
  desk.open(raw => {
    const envelope = decodeEnvelope(raw)
    if (envelope.type !== 'query' || envelope.query.type !== 'hold') throw new Error(envelope.type)
    const { type: _, ...brought } = envelope.query
    asked.push(brought)
    desk.receive(encodeEnvelope({ type: 'answer', id: envelope.id, node: 0, answer }))
  })
})
afterEach(() => server.close())

const post = async (body: Uint8Array, path = '/hold') => {
  const sent = new Blob([body as Uint8Array<ArrayBuffer>])
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: sent })
  return { status: response.status, answer: await response.json().catch(() => undefined) }
}
const encoded = encode(signedHoldCodec as Codec<SignedHold>, hold)

describe('the desk beside a node', () => {
  it('hands a statement to the core and says when it is held', async () => {
    expect(await post(encoded)).toEqual({ status: 200, answer: { Held: true } })
    expect(asked).toEqual([hold])
  })

  it("tells the core's reason when it refuses", async () => {
    answer = { type: 'refused', code: 'bad-hold', message: 'the key is not one of an owner' }
    expect(await post(encoded)).toEqual({
      status: 409,
      answer: { code: 'bad-hold', message: 'the key is not one of an owner' },
    })
  })

  it('rejects what is no statement, what is too long, and other paths', async () => {
    expect((await post(Uint8Array.of(1))).status).toBe(400)
    expect((await post(new Uint8Array([...encoded, 0]))).status).toBe(400)
    expect((await post(new Uint8Array(5000))).status).toBe(400)
    expect((await post(encoded, '/other')).status).toBe(404)
    expect((await fetch(`http://127.0.0.1:${port}/hold`)).status).toBe(404)
    expect(asked).toEqual([])
  })
})
