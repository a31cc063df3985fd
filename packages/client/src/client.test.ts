import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Intent } from '@trivault/api-contract'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { ApiError, type CallInput, type Client, createClient } from './index.ts'

type Answer = { status?: number; body?: string; delayMs?: number }
let server: Server
let client: Client
let requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[]
let answers: Answer[]

beforeEach(async () => {
  requests = []
  answers = []
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    setTimeout(() => response.writeHead(answer?.status ?? 200).end(answer?.body ?? '[]'), answer?.delayMs ?? 0)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  client = createClient({ baseUrl, apiKey: 'cwp_key', timeoutMs: 300 })
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

describe('requests', () => {
  it('puts parameters, query, body and key where they belong', async () => {
    await client.call('cwpcancelOperation', { params: { operationID: 'a-1' }, body: { cancelledBy: 'x' } })
    await client.call('trivaultLogEntries', { query: { from: 3 } })
    await client.call('cwplistUsers')
    expect(requests).toMatchObject([
      { method: 'POST', url: '/api/cwp/operations/id/a-1/cancel', body: '{"cancelledBy":"x"}' },
      { method: 'GET', url: '/api/trivault/log/entries?from=3', body: '' },
      { method: 'GET', url: '/api/cwp/users/list' },
    ])
    expect(requests[0]?.headers).toMatchObject({ authorization: 'cwp_key', 'content-type': 'application/json' })
    expect(requests[2]?.headers['content-type']).toBeUndefined()
  })

  it('keeps every digit of amounts and rates where asked to', async () => {
    const Above = '0.10000000000000000001'
    answers = [{ body: `[{"RestrictionID":"r","Amount":{"Above":${Above},"Currency":"USD"}}]` }]
    const [rule] = await client.callExact('trivaultRestrictions', {})
    expect(rule?.Amount?.Above).toBe(Above)
    answers = [{ body: '{"OperationID":"o"}' }]
    const Updates = [{ Asset: 'ETH', USDRate: '3000.10' }]
    await client.callExact('cwpstartUpdateRates', { body: { Updates } })
    expect(requests[1]?.body).toBe('{"Updates":[{"Asset":"ETH","USDRate":3000.10}]}')
  })

  it('escapes path parameters', async () => {
    await client.call('cwpgetOperationIntent', { params: { operationID: '../../x?y#z' } })
    expect(requests[0]?.url).toBe('/api/cwp/operations/id/..%2F..%2Fx%3Fy%23z/intent')
  })

  it('is typed by the route table', () => {
    expectTypeOf<CallInput<'cwpgetOperationStatus'>['params']>().toEqualTypeOf<{ operationID: string }>()
    const intent = () => client.call('cwpgetOperationIntent', { params: { operationID: 'x' } })
    expectTypeOf(intent).returns.resolves.toEqualTypeOf<Intent>()
    // @ts-expect-error a body is needed
    const withoutBody = () => client.call('cwpcreateGroup')
    // @ts-expect-error a field of another type
    const wrongField = () => client.start('createMasterKey', { Name: 7 })
    // @ts-expect-error not a route
    const wrongRoute = () => client.call('nothing')
    expect([intent, withoutBody, wrongField, wrongRoute]).toHaveLength(4)
  })
})

describe('errors', () => {
  const error = async (answer: Answer) => {
    answers = [answer]
    return client.call('cwplistUsers').then(
      () => expect.unreachable(),
      (cause: unknown) => cause as ApiError,
    )
  }

  it.each<[Answer, object]>([
    [
      { status: 400, body: '{"message":"no","errorCode":"M0025"}' },
      { status: 400, code: 'M0025', message: 'no' },
    ],
    [
      { status: 409, body: '{"message":"no"}' },
      { status: 409, code: 'http-409', message: 'no' },
    ],
    [
      { status: 403, body: '{"Title":"Permission Error","Detail":"why"}' },
      { code: 'http-403', message: 'why' },
    ],
    [
      { status: 404, body: '' },
      { status: 404, code: 'http-404', message: 'the server answered 404' },
    ],
    [
      { status: 502, body: '<html>' },
      { status: 502, code: 'http-502', body: '<html>' },
    ],
    [
      { status: 500, body: '[]' },
      { status: 500, code: 'http-500' },
    ],
    [
      { status: 500, body: 'null' },
      { status: 500, code: 'http-500' },
    ],
    [
      { status: 200, body: '<html>' },
      { status: 200, code: 'bad-answer' },
    ],
    [{ delayMs: 1000 }, { status: 0, code: 'timeout' }],
  ])('%j is %j', async (answer, expected) => {
    const thrown = await error(answer)
    expect(thrown).toBeInstanceOf(ApiError)
    expect(thrown).toMatchObject(expected)
  })

  it('tells when nobody listens, without the key', async () => {
    const alone = createClient({ baseUrl: 'http://127.0.0.1:9', apiKey: 'cwp_secret' })
    const thrown = await alone.call('cwplistUsers').catch((cause: unknown) => cause)
    expect(thrown).toMatchObject({ status: 0, code: 'network' })
    expect(String(thrown)).not.toContain('cwp_secret')
    await expect(alone.events().next()).rejects.toMatchObject({ code: 'network' })
  })
})

describe('waitForOperation', () => {
  const status = (Status: string): Answer => ({ body: JSON.stringify({ Status }) })

  it('waits until the status is final', async () => {
    answers = [status('Pending approval'), status('Executing'), status('Failed')]
    expect(await client.waitForOperation('op-1')).toEqual({ Status: 'Failed' })
    expect(requests).toHaveLength(3)
  })

  it('stops at a status asked for', async () => {
    answers = [status('Pending initialization'), status('Pending approval'), status('Executing')]
    expect(await client.waitForOperation('op-1', { until: ['Pending approval'] })).toEqual({
      Status: 'Pending approval',
    })
  })

  it('gives up in time and names the status', async () => {
    answers = [status('Pending approval')]
    await expect(client.waitForOperation('op-1', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'timeout',
      message: 'operation op-1 is still "Pending approval"',
    })
  })
})
