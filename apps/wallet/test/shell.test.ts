import { type OperationId, openapi, type Route, routes } from '@trivault/api-contract'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMetricsHttp } from '../src/http/index.ts'
import { ServiceError } from '../src/service.ts'
import { keyOf } from './memory-service.ts'
import { samples } from './samples.ts'
import { createShell, requestOf, type Shell } from './shell.ts'

const ids = Object.keys(routes) as OperationId[]
const routeOf = (id: OperationId): Route => routes[id]
const callable = ids.filter(id => routeOf(id).status !== 101)
const starts = ids.filter(id => id.startsWith('cwpstart'))
const withBody = callable.filter(id => routeOf(id).body)

const document = openapi() as {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema?: object }> }> }>
  >
}
const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(document, 'api')

/** Holds an answer against the document; a status that the route does not name falls to its default. */
function conforms(id: OperationId, status: number, text: string): string[] {
  const { method, path } = routeOf(id)
  const responses = document.paths[path]?.[method.toLowerCase()]?.responses ?? {}
  const response = responses[status] ?? responses.default
  const key = String(responses[status] ? status : 'default')
  if (!response?.content) return text === '' ? [] : ['a body where none is documented']
  const pointer = [path, method.toLowerCase(), 'responses', key, 'content', 'application/json', 'schema']
    .map(part => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/')
  const validate = ajv.getSchema(`api#/paths/${pointer}`)
  if (!validate) return [`no schema at ${pointer}`]
  return validate(JSON.parse(text))
    ? []
    : (validate.errors ?? []).map(error => `${error.instancePath} ${error.message}`)
}

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.app.close())
beforeEach(() => {
  shell.service.failWith = undefined
  shell.service.notReady = []
  shell.service.started.length = 0
  shell.service.calls.length = 0
})
const call = (id: OperationId, changes = {}) => shell.app.inject(requestOf(id, changes))

/** A 400 in the contract's shape whose message names `what`. */
async function expectRefused(id: OperationId, payload: unknown, what: RegExp) {
  const headers = { 'content-type': 'application/json' }
  const answer = await call(id, { payload: JSON.stringify(payload), headers })
  expect(answer.statusCode).toBe(400)
  expect(conforms(id, 400, answer.body)).toEqual([])
  expect(answer.body).toMatch(what)
}

describe('answers', () => {
  it.each(callable.filter(id => id !== 'cwpresolveAddress'))('%s answers as documented', async id => {
    const answer = await call(id)
    expect(answer.body + answer.statusCode).toBe(answer.body + routeOf(id).status)
    if (id !== 'ExportAudit') expect(conforms(id, answer.statusCode, answer.body)).toEqual([])
    expect(answer.headers['x-correlation-id']).toMatch(/^[\w-]{8,}$/)
  })

  it('serves its OpenAPI document to anybody', async () => {
    const answer = await shell.app.inject('/api/openapi.json')
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(document)))
  })

  it('sends the stored intent byte for byte', async () => {
    expect((await call('cwpgetOperationIntent')).body).toBe(await shell.service.intent('op-1'))
  })

  it('writes decimals with all their digits', async () => {
    expect((await call('cwpgetTransactionRestrictions')).body).toContain('"Above":0.10000000000000000001,')
  })

  it('answers 404 without a body where the contract says so', async () => {
    const answer = await call('cwpresolveAddress')
    expect([answer.statusCode, answer.body]).toEqual([404, ''])
  })

  it('gives the audit export as zip, and as JSON to who asks for JSON', async () => {
    const zip = await call('ExportAudit')
    expect(zip.headers['content-type']).toBe('application/zip')
    expect(zip.rawPayload.subarray(0, 2).toString()).toBe('PK')
    const json = await call('ExportAudit', { headers: { accept: 'application/json' } })
    expect(conforms('ExportAudit', 200, json.body)).toEqual([])
    expect(Buffer.from(json.json().file, 'base64')).toEqual(zip.rawPayload)
    expect(shell.service.calls[0]).toEqual([
      'audit',
      { from: Date.parse('2026-01-01T00:00:00Z'), to: Date.parse('2026-12-31T23:59:59.999Z') },
    ])
  })

  it('tells when it is not ready', async () => {
    shell.service.notReady = ['node 2 is down']
    const answer = await call('ready')
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ Status: 503, Detail: expect.stringContaining('node 2 is down') })
    expect((await call('health')).statusCode).toBe(200)
  })
})

describe('start routes', () => {
  it.each(starts)('%s hands its payload to the service', async id => {
    const body: Record<string, unknown> = { ...samples[id].body }
    await call(id)
    expect(shell.service.started).toHaveLength(1)
    const { caller, request } = shell.service.started[0] ?? {}
    expect(caller?.role).toBe('Admin')
    expect(routeOf(id).path.endsWith(`/${request?.segment}`)).toBe(true)
    expect(request?.operationId).toBe(body.OperationID)
    expect(request?.initiatorId).toBe(body.InitiatorID)
    expect(Object.keys(request?.payload ?? {})).toEqual(
      Object.keys(body).filter(name => name !== 'OperationID' && name !== 'InitiatorID'),
    )
    expect(JSON.parse(request?.rawBody ?? '')).toEqual(samples[id].body)
  })

  it('reads amounts of restrictions by their text', async () => {
    const headers = { 'content-type': 'application/json' }
    const payload = (above: string) => `{"Add":{"RestrictionID":"r","Amount":{"Above":${above},"Currency":"USD"}}}`
    for (const [text, decimal] of [
      ['0.10000000000000000001', '0.10000000000000000001'],
      ['123456789012345678901234567890', '123456789012345678901234567890'],
      ['1.50e-3', '0.0015'],
    ] as const) {
      await call('cwpstartUpdateTransactionRestriction', { payload: payload(text), headers })
      expect(shell.service.started.at(-1)?.request.payload).toMatchObject({ Add: { Amount: { Above: decimal } } })
    }
    for (const text of ['-1', '1e999', '1e-999', '"1"', 'null']) {
      await call('cwpstartUpdateTransactionRestriction', { payload: payload(text), headers }).then(answer =>
        expect([text, answer.statusCode]).toEqual([text, 400]),
      )
    }
  })

  it.each([
    ['conflict', 409],
    ['forbidden', 403],
    ['too-many-requests', 429],
    ['unavailable', 503],
  ] as const)('maps %s to %i', async (code, status) => {
    shell.service.failWith = new ServiceError(code, 'says why', { errorCode: 'M0042', data: { a: 1 } })
    const answer = await call('cwpstartCreateAccount')
    expect(answer.statusCode).toBe(status)
    expect(answer.json()).toEqual({ message: 'says why', errorCode: 'M0042', data: { a: 1 } })
    expect(conforms('cwpstartCreateAccount', status, answer.body)).toEqual([])
  })

  it('tells nothing about an error that nobody foresaw', async () => {
    shell.service.failWith = new Error('connect postgres://wallet:hunter2@db')
    const answer = await call('cwpstartCreateAccount')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toMatch(/hunter2|postgres|at /)
  })
})

describe('bad bodies', () => {
  it.each(withBody)('%s refuses an unknown field', id =>
    expectRefused(id, { ...samples[id].body, Surprise: 1 }, /Surprise: is not a known field/),
  )

  it.each(withBody)('%s refuses a body that is no object', async id => {
    for (const payload of [null, [], 'x', 7, true]) await expectRefused(id, payload, /must be object/)
  })

  it.each(withBody)('%s refuses every field with a wrong type', async id => {
    for (const [name, value] of Object.entries(samples[id].body ?? {})) {
      const wrong = typeof value === 'string' ? 7 : 'x'
      for (const bad of [wrong, null]) {
        await expectRefused(id, { ...samples[id].body, [name]: bad }, new RegExp(`${name}: must be`))
      }
    }
  })

  const needy = withBody.filter(id => (routeOf(id).body?.required ?? []).length > 0)
  it.each(needy)('%s refuses a body without a required field', async id => {
    for (const name of routeOf(id).body?.required ?? []) {
      const { [name]: _, ...rest } = samples[id].body as Record<string, unknown>
      await expectRefused(id, rest, new RegExp(`${name}: is missing`))
    }
  })

  const transaction = samples.cwpstartMakeTransaction.body as Record<string, unknown>
  const destination = (changes: object) => ({
    ...transaction,
    Destination: [{ Address: '0x00', Amount: '1', ...changes }],
  })
  it.each([
    [{ ...transaction, RawTransaction: '0x02' }, /either Destination with CAIP19, or RawTransaction/],
    [{ Source: transaction.Source }, /either Destination with CAIP19, or RawTransaction/],
    [{ Source: transaction.Source, Destination: transaction.Destination }, /either Destination with CAIP19/],
    [{ ...transaction, Bitcoin: {} }, /at most one chain/],
    [{ ...transaction, Source: { MasterKeyName: 'Default' } }, /Source: give MasterKeyName and AccountName/],
    [{ ...transaction, Source: { MasterKeyName: 'D', Address: '0x00' } }, /Source: give MasterKeyName/],
    [destination({ Amount: '-1' }), /Destination\[0\]\.Amount: must be a decimal/],
    [destination({ Amount: '1e3' }), /Amount: must be a decimal/],
    [destination({ Amount: 1 }), /Amount: must be string/],
    [destination({ Amount: '' }), /Amount: must be a decimal/],
    [destination({ Amount: `0.${'1'.repeat(37)}` }), /Amount: must be a decimal/],
    [destination({ Memo: 'x' }), /Destination\[0\]\.Memo: is not a known field/],
    [{ ...transaction, Destination: [] }, /Destination: must not have fewer/],
    [{ ...transaction, CAIP19: 'eip155:1' }, /CAIP19: must be a CAIP-19/],
    [{ ...transaction, CAIP19: 'EIP155:1/slip44:60' }, /CAIP19: must be a CAIP-19/],
    [{ ...transaction, OperationID: 'a b' }, /OperationID: must be 1 to 96/],
    [{ ...transaction, OperationID: 'a'.repeat(97) }, /OperationID: must be 1 to 96/],
    [{ ...transaction, InitiatorID: 'nobody' }, /InitiatorID: must be the e-mail/],
    [{ ...transaction, EVM: { Nonce: '-1' } }, /EVM\.Nonce: must be a whole number/],
    [{ ...transaction, EVM: { Data: '0x0' } }, /EVM\.Data: must be bytes in hex/],
    [JSON.parse('{"__proto__":{"Source":{}}}'), /__proto__: is not a known field/],
  ])('makeTransaction refuses %j', (payload, what) => expectRefused('cwpstartMakeTransaction', payload, what))

  it.each([
    ['cwpstartSetErsPublicKey', { Key: 'not base64!' }, /Key: must be standard base64/],
    ['cwpstartSetErsPublicKey', { Key: 'MAA' }, /Key: must be standard base64/],
    ['cwpstartSetErsPublicKey', { Key: 'A'.repeat(5000) }, /Key: must not have more than 4096/],
    ['cwpstartCreateAccount', { Name: 'a  b', MasterKey: 'Default' }, /Name: must be words/],
    ['cwpstartCreateAccount', { Name: '__proto__', MasterKey: 'Default' }, /Name: must be words/],
    ['cwpstartRegisterToken', { CAIP19: 'eip155:1/erc20:0xaa', Symbol: 'X', Decimals: -1 }, /Decimals: must be >= 0/],
    ['cwpregisterKnownChain', { CAIP2: 'eip155' }, /CAIP2: must be a CAIP-2/],
    ['cwpgetAddressCAIP2', { MasterKey: 'D', CAIP2: 'eip155:1', Account: 'a', Index: -1 }, /Index: must be >= 0/],
    ['cwpgetAddressCAIP2', { MasterKey: 'D', CAIP2: 'eip155:1', Account: 'a', Index: 2 ** 31 }, /Index: must be <=/],
    ['cwpstartUpdateTransactionRestriction', {}, /give Add, Delete, or both/],
    [
      'cwpstartUpdateTransactionRestriction',
      { Add: { RestrictionID: 'r', Symbol: { Only: ['a'], Except: ['b'] } } },
      /Add\.Symbol: give Only or Except/,
    ],
    [
      'cwpstartUpdateTransactionRestriction',
      { Add: { RestrictionID: 'r', Amount: { Above: 1 } } },
      /Add\.Amount: give Currency/,
    ],
    [
      'cwpstartUpdateTransactionRestriction',
      { Add: { RestrictionID: 'r', Approvers: [{ Groups: [], RequiredApprovers: 0 }] } },
      /Groups: must not have fewer/,
    ],
    ['cwpstartUpdateSettings', { MoneyDefault: 'nobody' }, /MoneyDefault: must be one of owner quorum, initiator/],
    ['cwpstartUpdateSettings', { MoneyDefault: 'owner-quorum' }, /MoneyDefault: must be one of/],
    ['createSystemUserEndpoint', { Name: 'bot', Role: 'AutomatedApprover' }, /Role: must be one of Admin, MarketOps/],
    ['setupDefaultTenant', { MasterKeysAndAccounts: { 'bad  name': [] } }, /MasterKeysAndAccounts/],
    ['setupDefaultTenant', { MasterKeysAndAccounts: { Default: [''] } }, /MasterKeysAndAccounts\.Default\[0\]/],
    ['cwpsearchOperationInfos', { Filter: { Statuses: ['failed'] } }, /Statuses\[0\]: must be one of Pending/],
    ['cwpapproveOperation', { OperationID: 'op-1', IntentSignature: 'é' }, /IntentSignature: must be standard base64/],
    ['cwpapproveOperation', { OperationID: 'op-1', IntentSignature: 'AA==', UserID: 'x' }, /UserID: is not a known/],
  ] as const)('%s refuses %j', (id, payload, what) => expectRefused(id, payload, what))

  it('never repeats a value', async () => {
    const answer = await call('cwpstartSetErsPublicKey', { payload: { Key: 'hunter2 is no base64', hunter2: 1 } })
    expect(answer.body).not.toContain('hunter2 is')
  })

  it.each([
    ['malformed JSON', '{"Name":', 'application/json', 400],
    ['an empty body', '', 'application/json', 400],
    ['very deep nesting', '['.repeat(400_000), 'application/json', 400],
    ['very deep but closed nesting', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 'application/json', 400],
    ['more than 1 MiB', `{"Name":"${'a'.repeat(1_048_576)}"}`, 'application/json', 413],
    ['XML', '<Name/>', 'application/xml', 415],
    ['a form', 'Name=x', 'application/x-www-form-urlencoded', 415],
  ] as const)('refuses %s', async (_, payload, contentType, status) => {
    for (const id of ['cwpstartCreateMasterKey', 'createSystemUserEndpoint'] as const) {
      const answer = await call(id, { payload, headers: { 'content-type': contentType } })
      expect(answer.statusCode).toBe(status)
      expect(conforms(id, status, answer.body)).toEqual([])
    }
  })

  it('refuses text that is not UTF-8 rather than mending it', async () => {
    const payload = Buffer.from('{"UserID":"bob@example.com","UserName":"B?b"}')
    payload[payload.indexOf('?')] = 0xff
    const headers = { 'content-type': 'application/json' }
    expect((await call('cwpstartRegisterUser', { payload, headers })).statusCode).toBe(400)
    expect(shell.service.started).toEqual([])
  })

  it('refuses a POST without body and type', async () => {
    const { payload: _, ...request } = requestOf('cwpstartCreateMasterKey')
    const answer = await shell.app.inject(request)
    expect([answer.statusCode, answer.json().message]).toEqual([400, 'must be object'])
  })
})

describe('bad paths and queries', () => {
  it.each([
    ['cwpgetOperationStatus', '/api/cwp/operations/id/nope/status', 404, /nope is not known/],
    ['cwpgetOperationStatus', '/api/cwp/operations/id/a%20b/status', 400, /operationID: must be 1 to 96/],
    ['cwpgetOperationStatus', `/api/cwp/operations/id/${'a'.repeat(200)}/status`, 400, /operationID: must be 1 to 96/],
    ['cwpcancelOperationDelete', '/api/cwp/operations/id/op-final', 409, /final/],
    ['cancelOperation', '/api/operations/nope', 404, /nope is not known/],
    ['deleteSystemUserEndpoint', '/api/systems/8/delete', 404, /no system user 8/],
    ['deleteSystemUserEndpoint', '/api/systems/seven/delete', 400, /id: must be integer/],
    ['deleteSystemUserEndpoint', '/api/systems/99999999999999999999/delete', 400, /id: must be integer/],
    ['ExportAudit', '/api/audit/export.zip', 400, /start_date: is missing; end_date: is missing/],
    [
      'ExportAudit',
      '/api/audit/export.zip?start_date=yesterday&end_date=2026-01-01',
      400,
      /start_date: must be a date/,
    ],
    ['ExportAudit', '/api/audit/export.zip?start_date=2026-13-01&end_date=2026-12-01', 400, /days that exist/],
    ['ExportAudit', '/api/audit/export.zip?start_date=2026-02-01&end_date=2026-01-01', 400, /in order/],
    ['getAllUsers', '/api/users?user_type=boss', 400, /user_type: must be one of approver, system_user/],
    ['getAllUsers', '/api/users?user_type=approver&user_type=approver', 400, /user_type: must be/],
    ['getAllUsers', '/api/users?page=1', 400, /page: is not a known field/],
    ['trivaultLogEntries', '/api/trivault/log/entries?from=-1', 400, /from: must be >= 0/],
  ] as const)('%s at %s answers %i', async (id, url, status, what) => {
    const answer = await call(id, { url, query: undefined })
    expect([answer.statusCode, answer.body]).toEqual([status, expect.stringMatching(what)])
    expect(conforms(id, status, answer.body)).toEqual([])
  })

  it.each([
    ['/api/cwp/nothing', 404],
    ['/api/%zz', 400],
    ['/', 404],
  ])('%s answers %i in shape', async (url, status) => {
    const answer = await shell.app.inject({ url, headers: { authorization: keyOf('Admin') } })
    expect(answer.statusCode).toBe(status)
    expect(conforms(url.startsWith('/api/cwp/') ? 'cwplistUsers' : 'getAllUsers', status, answer.body)).toEqual([])
  })

  it('repeats a correlation id that it was given, and makes one for a bad one', async () => {
    const given = await call('getAllUsers', { url: '/api/users?x=1', headers: { 'x-correlation-id': 'client-0001' } })
    expect([given.headers['x-correlation-id'], given.json().CorrelationId]).toEqual(['client-0001', 'client-0001'])
    const bad = await call('getAllUsers', { headers: { 'x-correlation-id': 'a\tb{}' } })
    expect(bad.headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('limits, metrics and log', () => {
  it('answers 429 in shape when a client asks too often', async () => {
    const { app } = await createShell({ limits: { requestsPerMinute: 2 } })
    const answers = []
    for (let i = 0; i < 3; i++) answers.push(await app.inject(requestOf('cwplistUsers')))
    expect(answers.map(answer => answer.statusCode)).toEqual([200, 200, 429])
    expect(conforms('cwplistUsers', 429, answers[2]?.body ?? '')).toEqual([])
    expect((await app.inject(requestOf('health'))).statusCode).toBe(200)
    await app.close()
  })

  it('counts requests by route, on its own path and on a server of its own', async () => {
    const registry = new Registry()
    const { app } = await createShell({ metrics: { registry, path: '/metrics' } })
    await app.inject(requestOf('cwpgetOperationStatus'))
    const text = (await app.inject('/metrics')).body
    expect(text).toContain(
      'trivault_http_request_duration_seconds_count{method="GET",route="/api/cwp/operations/id/:operationID/status",status="200"} 1',
    )
    const own = createMetricsHttp(registry)
    expect((await own.inject('/metrics')).body).toContain('trivault_http_request_duration_seconds_count')
    await app.close()
  })

  it('logs who asked for what, but no credential, query or body', async () => {
    const { app, logged } = await createShell()
    await app.inject(requestOf('cwpstartCreateMasterKey', { payload: { Name: 'hunter2' } }))
    await app.inject({ url: '/api/cwp/events?access_token=hunter2', headers: { authorization: 'hunter2' } })
    await app.inject({ url: '/hunter2?hunter2' })
    const lines = logged.map(line => JSON.parse(line))
    expect(lines[0]).toMatchObject({ method: 'POST', status: 200, caller: 'admin@example.com', msg: 'request' })
    expect(lines).toHaveLength(3)
    expect(logged.join('')).not.toMatch(/hunter2|cwp_admin/)
    app.log.info({ headers: { authorization: 'hunter2' }, user: { password: 'hunter2' }, apiKey: 'hunter2' }, 'x')
    expect(logged.join('')).not.toContain('hunter2')
    await app.close()
  })

  it('sends security headers and grants no foreign origin', async () => {
    const answer = await call('cwplistUsers', { headers: { origin: 'https://evil.example' } })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    const { app } = await createShell({ corsOrigins: ['https://console.example'] })
    const origin = async (name: string) =>
      (await app.inject(requestOf('cwplistUsers', { headers: { origin: name } }))).headers[
        'access-control-allow-origin'
      ]
    expect(await origin('https://console.example')).toBe('https://console.example')
    expect(await origin('https://evil.example')).toBeUndefined()
    await app.close()
  })
})
