import type { AddressInfo } from 'node:net'
import type { ClientEvent } from '@trivault/api-contract'
import { ApiError, type Client, createClient } from '@trivault/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket as Socket } from 'ws'
import { keyOf } from './memory-service.ts'
import { createShell, type Shell } from './shell.ts'

let shell: Shell
let baseUrl: string
let client: Client
beforeEach(async () => {
  shell = await createShell({ limits: { eventStreams: 2 } })
  await shell.app.listen({ host: '127.0.0.1', port: 0 })
  baseUrl = `http://127.0.0.1:${(shell.app.server.address() as AddressInfo).port}`
  client = createClient({ baseUrl, apiKey: keyOf('Admin') })
})
afterEach(() => shell.app.close())

const update: ClientEvent = {
  Type: 'operation_status_update',
  Payload: { OperationID: 'op-1', OperationType: 'make transaction' },
}
const until = async (condition: () => boolean) => {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise(resolve => setTimeout(resolve, 10))
  expect(condition()).toBe(true)
}

describe('the client against the shell', () => {
  it('calls routes with parameters, query and body', async () => {
    expect(await client.call('getUserInfo')).toMatchObject({ Role: 'Admin' })
    const answer = await client.call('cwpgetAddressCAIP2', {
      body: { MasterKey: 'Default', CAIP2: 'eip155:1', Account: 'treasury', Index: 2 },
    })
    expect(answer.Address).toMatch(/^0x/)
    await client.call('trivaultLogEntries', { query: { from: 1 } })
    await client.call('cwpcancelOperation', { params: { operationID: 'op-1' }, body: { cancelledBy: 'me' } })
    expect(await client.call('cancelOperation', { params: { id: 'op-1' } })).toBeUndefined()
    expect(shell.service.calls).toEqual([
      ['address', { MasterKey: 'Default', CAIP2: 'eip155:1', Account: 'treasury', Index: 2 }],
      ['log', { from: 1 }],
      ['cancel', 'admin@example.com', 'op-1', 'me'],
      ['cancel', 'admin@example.com', 'op-1', undefined],
    ])
  })

  it('reads the audit export as JSON', async () => {
    const { file } = await client.call('ExportAudit', { query: { start_date: '2026-01-01', end_date: '2026-01-02' } })
    expect(file).toMatch(/^UEs/)
  })

  it('starts an operation and waits for it', async () => {
    expect(await client.start('createMasterKey', { Name: 'Default', OperationID: 'mine' })).toBe('mine')
    expect(shell.service.started[0]?.request).toMatchObject({
      segment: 'createMasterKey',
      payload: { Name: 'Default' },
    })
    expect((await client.waitForOperation('op-1')).Status).toBe('Succeeded')
  })

  it('sends a fresh bearer token with each call', async () => {
    let asked = 0
    const bearer = () => {
      asked += 1
      return keyOf('Viewer')
    }
    const viewer = createClient({ baseUrl: `${baseUrl}/`, bearer })
    expect(await viewer.call('getUserInfo')).toMatchObject({ Role: 'Viewer' })
    await expect(viewer.start('createMasterKey', { Name: 'Default' })).rejects.toMatchObject({ status: 403 })
    expect(asked).toBe(2)
  })

  it('throws both error shapes as ApiError', async () => {
    await expect(client.call('cwpgetOperationStatus', { params: { operationID: 'no/pe' } })).rejects.toMatchObject({
      status: 400,
      code: 'http-400',
      message: expect.stringContaining('operationID'),
    })
    await expect(client.call('deleteSystemUserEndpoint', { params: { id: 8 } })).rejects.toMatchObject({
      status: 404,
      message: 'there is no system user 8',
    })
    await expect(client.call('cwpresolveAddress', { body: { Address: 'x' } })).rejects.toMatchObject({ status: 404 })
    const stranger = createClient({ baseUrl })
    await expect(stranger.call('cwplistUsers')).rejects.toBeInstanceOf(ApiError)
  })
})

describe('the event stream', () => {
  it('delivers events and unsubscribes when the loop is left', async () => {
    const seen: ClientEvent[] = []
    const reading = (async () => {
      for await (const event of client.events({ heartbeat: 1 })) {
        seen.push(event)
        if (seen.length === 2) break
      }
    })()
    await until(() => shell.service.listeners() === 1)
    shell.service.emit(update)
    shell.service.emit({ Type: 'approver_onboarded', Payload: { UserID: 'alice@example.com' } })
    await reading
    expect(seen).toEqual([update, { Type: 'approver_onboarded', Payload: { UserID: 'alice@example.com' } }])
    await until(() => shell.service.listeners() === 0)
  })

  it('ends by the signal', async () => {
    const stop = new AbortController()
    const reading = (async () => {
      for await (const _ of client.events({ signal: stop.signal })) expect.unreachable()
    })()
    await until(() => shell.service.listeners() === 1)
    stop.abort()
    await reading
    await until(() => shell.service.listeners() === 0)
  })

  it('refuses a stranger', async () => {
    const events = createClient({ baseUrl, apiKey: 'cwp_wrong' }).events()
    await expect(events.next()).rejects.toBeInstanceOf(ApiError)
    expect(shell.service.listeners()).toBe(0)
  })

  const open = (query: string, headers: Record<string, string> = {}, protocols: string[] = []) =>
    new Promise<{ socket: Socket; status: number }>((resolve, reject) => {
      const socket = new Socket(`${baseUrl.replace('http', 'ws')}/api/cwp/events${query}`, protocols, { headers })
      socket.on('open', () => resolve({ socket, status: 101 }))
      socket.on('unexpected-response', (_request, response) => resolve({ socket, status: response.statusCode ?? 0 }))
      socket.on('error', reject)
    })

  it('takes the credential from header, query or subprotocol', async () => {
    const key = keyOf('AutomatedApprover')
    const ways: [string, Record<string, string>, string[]][] = [
      ['', { authorization: key }, []],
      ['', { authorization: `Bearer ${key}` }, []],
      [`?access_token=${key}`, {}, []],
      ['', {}, ['trivault', `bearer.${key}`]],
    ]
    for (const way of ways) {
      const { socket, status } = await open(...way)
      expect(status).toBe(101)
      expect(socket.protocol).toBe(way[2][0] ?? '')
      const closed = new Promise(resolve => socket.on('close', resolve))
      socket.close()
      await closed
      await until(() => shell.service.listeners() === 0)
    }
    expect((await open('')).status).toBe(401)
    expect((await open('?access_token=cwp_wrong')).status).toBe(401)
  })

  it.each(['?heartbeat=0', '?heartbeat=x', '?heartbeat=1.5', '?noise=1'])('answers 400 to %s', async query => {
    expect((await open(query, { authorization: keyOf('Viewer') })).status).toBe(400)
  })

  it('limits the number of streams and gives their places back', async () => {
    const headers = { authorization: keyOf('Viewer') }
    const first = await open('', headers)
    const second = await open('', headers)
    expect((await open('', headers)).status).toBe(429)
    first.socket.close()
    await until(() => shell.service.listeners() === 1)
    expect((await open('', headers)).status).toBe(101)
    second.socket.close()
  })

  it('ends a connection that sends data', async () => {
    const { socket } = await open('', { authorization: keyOf('Viewer') })
    const closed = new Promise<number>(resolve => socket.on('close', resolve))
    socket.send('hello')
    expect(await closed).toBe(1008)
  })

  it('answers a plain GET with 400', async () => {
    const response = await fetch(`${baseUrl}/api/cwp/events`, { headers: { authorization: keyOf('Viewer') } })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: expect.stringContaining('WebSocket') })
  })

  it('pings at the interval asked for and cuts off who does not answer in 5 s', async () => {
    const headers = { authorization: keyOf('Viewer') }
    const socket = new Socket(`${baseUrl.replace('http', 'ws')}/api/cwp/events?heartbeat=1`, {
      headers,
      autoPong: false,
    })
    let pings = 0
    socket.on('ping', () => {
      pings += 1
    })
    const patient = (await open('?heartbeat=1', headers)).socket
    const started = Date.now()
    await new Promise(resolve => socket.on('close', resolve))
    expect(Date.now() - started).toBeGreaterThan(5_000)
    expect(Date.now() - started).toBeLessThan(8_000)
    expect(pings).toBeGreaterThan(3)
    expect(patient.readyState).toBe(Socket.OPEN)
    patient.close()
  })
})
