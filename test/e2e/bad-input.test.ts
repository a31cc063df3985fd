import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { OperationId } from '@trivault/api-contract'
import { DeviceKey } from '@trivault/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, DEV, ETHER, errorOf, type Person, RECIPIENT, Site } from './site.ts'

// Whatever is sent: a 4xx in the contract's shape whose message says what to do, never a 5xx, and nothing half done.

const treasury = { MasterKeyName: 'main', AccountName: 'treasury' }
const pay = (Amount: unknown, more: object = {}) => ({
  Source: treasury,
  Destination: [{ Address: RECIPIENT, Amount }],
  CAIP19: ETHER,
  ...more,
})
const message = { Asset: 'ETH', CAIP19: ETHER, DataToSign: 'x', TypeOfSigning: 'personal_sign', Source: treasury }
const chain = { ChainName: 'Pond', CAIP19: 'eip155:777777/slip44:60', NativeAssetSymbol: 'PND' }
const key = (bytes: Uint8Array) => ({ UserID: 'alice@example.com', PublicKey: Buffer.from(bytes).toString('base64') })
const offCurve = Buffer.concat([Buffer.of(4), Buffer.alloc(64, 7)])
const compressed = Buffer.concat([Buffer.of(2), Buffer.from(DeviceKey.generate().publicKey, 'base64').subarray(1, 33)])
const noChecksum = '0x52908400098527886E0F7030069857D2E4169Ee7'

type Case = readonly [what: string, operation: OperationId, body: object, message: RegExp, status?: number]

const cases: readonly Case[] = [
  ['unknown field', 'cwpstartMakeTransaction', pay('1', { Memo: 'x' }), /Memo: is not a known field/],
  [
    'unknown nested field',
    'cwpstartMakeTransaction',
    pay('1', { Source: { ...treasury, Vault: 1 } }),
    /Source\.Vault: is not a known/,
  ],
  [
    'server field',
    'cwpstartMakeTransaction',
    pay('1', { Timestamp: '2026-01-01T00:00:00Z' }),
    /Timestamp: is not a known/,
  ],
  ['wrong type', 'cwpstartMakeTransaction', pay(1), /Destination\[0\]\.Amount: must be string/],
  ['wrong type of a list', 'cwpstartMakeTransaction', pay('1', { Destination: {} }), /Destination: must be array/],
  ['null', 'cwpstartMakeTransaction', pay(null), /Destination\[0\]\.Amount: must be string/],
  ['empty list', 'cwpstartMakeTransaction', pay('1', { Destination: [] }), /Destination/],
  ['negative amount', 'cwpstartMakeTransaction', pay('-1'), /Destination\[0\]\.Amount: must be a decimal/],
  ['exponent', 'cwpstartMakeTransaction', pay('1e3'), /Amount: must be a decimal/],
  ['leading zero', 'cwpstartMakeTransaction', pay('01'), /Amount: must be a decimal/],
  ['comma', 'cwpstartMakeTransaction', pay('1,5'), /Amount: must be a decimal/],
  ['no amount', 'cwpstartMakeTransaction', pay(''), /Amount: must be a decimal/],
  ['nineteen decimals of eighteen', 'cwpstartMakeTransaction', pay(`0.${'0'.repeat(18)}1`), /18/],
  ['more than fits a word', 'cwpstartMakeTransaction', pay('9'.repeat(77)), /amount|256|large|word/i],
  ['unknown account', 'cwpstartMakeTransaction', pay('1', { Source: { ...treasury, AccountName: 'none' } }), /none/],
  [
    'unknown master key',
    'cwpstartMakeTransaction',
    pay('1', { Source: { ...treasury, MasterKeyName: 'none' } }),
    /none/,
  ],
  ['unused index', 'cwpstartMakeTransaction', pay('1', { Source: { ...treasury, AddressIndex: 7 } }), /address|index/i],
  [
    'half an account',
    'cwpstartMakeTransaction',
    pay('1', { Source: { MasterKeyName: 'main' } }),
    /Source.*(AccountName|Address)/,
  ],
  [
    'foreign source',
    'cwpstartMakeTransaction',
    pay('1', { Source: { Address: RECIPIENT } }),
    /Source must be an account of this vault/,
  ],
  [
    'other address than the account',
    'cwpstartMakeTransaction',
    pay('1', { Source: { ...treasury, Address: RECIPIENT } }),
    /is 0x/,
  ],
  [
    'wrong checksum',
    'cwpstartMakeTransaction',
    pay('1', { Destination: [{ Address: noChecksum, Amount: '1' }] }),
    /checksum/i,
  ],
  [
    'short address',
    'cwpstartMakeTransaction',
    pay('1', { Destination: [{ Address: '0xAA', Amount: '1' }] }),
    /address/i,
  ],
  ['unregistered chain', 'cwpstartMakeTransaction', pay('1', { CAIP19: 'eip155:1/slip44:60' }), /eip155:1.*register/i],
  [
    'unregistered token',
    'cwpstartMakeTransaction',
    pay('1', { CAIP19: `${DEV}/erc20:${RECIPIENT}` }),
    /registerToken|register/i,
  ],
  ['malformed CAIP-19', 'cwpstartMakeTransaction', pay('1', { CAIP19: 'ETH' }), /CAIP19: must be a CAIP-19/],
  [
    'CAIP-19 with a slash too many',
    'cwpstartMakeTransaction',
    pay('1', { CAIP19: `${ETHER}/1` }),
    /CAIP19: must be a CAIP-19/,
  ],
  [
    'chain id with a leading zero',
    'cwpstartMakeTransaction',
    pay('1', { CAIP19: 'eip155:031337/slip44:60' }),
    /chain/i,
  ],
  ['wrong chain name', 'cwpstartMakeTransaction', pay('1', { ChainName: 'Ethereum' }), /ChainName is Local dev chain/],
  ['wrong test flag', 'cwpstartMakeTransaction', pay('1', { TestNetwork: false }), /TestNetwork is true/],
  ['two chain blocks', 'cwpstartMakeTransaction', pay('1', { EVM: {}, Solana: {} }), /at most one chain/],
  ['parameters of another chain', 'cwpstartMakeTransaction', pay('1', { Solana: {} }), /Solana.*leave it out/],
  [
    'authorizations',
    'cwpstartMakeTransaction',
    pay('1', { EVM: { EIP7702Authorizations: ['AAAA'] } }),
    /EIP7702Authorizations.*leave it out/,
  ],
  ['negative fee', 'cwpstartMakeTransaction', pay('1', { EVM: { MaxFeePerGas: '-1' } }), /MaxFeePerGas/],
  [
    'fee above the bound',
    'cwpstartMakeTransaction',
    pay('1', { EVM: { Gas: '21000', MaxFeePerGas: '9'.repeat(30), MaxPriorityFeePerGas: '1' } }),
    /fee/i,
  ],
  [
    'tip above the fee',
    'cwpstartMakeTransaction',
    pay('1', { EVM: { Gas: '21000', MaxFeePerGas: '1', MaxPriorityFeePerGas: '2' } }),
    /fee|tip/i,
  ],
  ['bytes with an odd digit', 'cwpstartMakeTransaction', pay('1', { EVM: { Data: '0x123' } }), /EVM\.Data/],
  ['structured and raw', 'cwpstartMakeTransaction', pay('1', { RawTransaction: '0x00' }), /RawTransaction/],
  ['raw and no transaction', 'cwpstartMakeTransaction', { Source: treasury, RawTransaction: '0x02c0' }, /transaction/i],
  ['raw and no hex', 'cwpstartMakeTransaction', { Source: treasury, RawTransaction: 'xyz' }, /hex/i],
  ['neither', 'cwpstartMakeTransaction', { Source: treasury }, /either Destination with CAIP19, or RawTransaction/],
  [
    'unknown initiator',
    'cwpstartMakeTransaction',
    pay('1', { InitiatorID: 'nobody@example.com' }),
    /nobody@example\.com/,
  ],
  ['no e-mail', 'cwpstartMakeTransaction', pay('1', { InitiatorID: 'nobody' }), /InitiatorID: must be the e-mail/],
  ['bad OperationID', 'cwpstartMakeTransaction', pay('1', { OperationID: 'a b' }), /OperationID: must be 1 to 96/],
  [
    'too long OperationID',
    'cwpstartMakeTransaction',
    pay('1', { OperationID: 'a'.repeat(97) }),
    /OperationID: must be 1 to 96/,
  ],
  ['unknown way of signing', 'cwpstartGenericSigning', { ...message, TypeOfSigning: 'md5' }, /personal_sign/],
  [
    'typed data that is none',
    'cwpstartGenericSigning',
    { ...message, TypeOfSigning: 'eth_signTypedData_v4' },
    /typed data|JSON/i,
  ],
  ['short digest', 'cwpstartGenericSigning', { ...message, TypeOfSigning: 'raw', DataToSign: '0x00' }, /32/],
  ['nothing to sign', 'cwpstartGenericSigning', { ...message, DataToSign: '' }, /DataToSign/],
  ['asset of no chain', 'cwpstartGenericSigning', { ...message, CAIP19: undefined, Asset: 'NOPE' }, /NOPE/],
  ['64 bytes of key', 'cwpstartSetUserPublicKey', key(new Uint8Array(64)), /65 bytes/],
  ['66 bytes of key', 'cwpstartSetUserPublicKey', key(new Uint8Array(66).fill(4)), /65 bytes/],
  ['compressed key', 'cwpstartSetUserPublicKey', key(compressed), /65 bytes/],
  ['key off the curve', 'cwpstartSetUserPublicKey', key(offCurve), /P-256/],
  ['no key', 'cwpstartSetUserPublicKey', key(new Uint8Array()), /P-256/],
  [
    'bad base64',
    'cwpstartSetUserPublicKey',
    { ...key(offCurve), PublicKey: '@@@@' },
    /PublicKey: must be standard base64/,
  ],
  [
    'base64url',
    'cwpstartSetUserPublicKey',
    { ...key(offCurve), PublicKey: '_-==' },
    /PublicKey: must be standard base64/,
  ],
  ['no padding', 'cwpstartSetErsPublicKey', { Key: 'AAA' }, /Key: must be standard base64/],
  ['ERS key that is none', 'cwpstartSetErsPublicKey', { Key: 'AAAA' }, /pinned/],
  ['name with a path', 'cwpstartCreateAccount', { Name: '../x', MasterKey: 'main' }, /Name: must be words/],
  ['name with two spaces', 'cwpstartCreateAccount', { Name: 'a  b', MasterKey: 'main' }, /Name: must be words/],
  ['reserved name', 'cwpstartCreateAccount', { Name: '__proto__', MasterKey: 'main' }, /Name: must be words/],
  ['very long name', 'cwpstartCreateAccount', { Name: 'a'.repeat(4000), MasterKey: 'main' }, /Name/],
  ['name that the log does not take', 'cwpstartCreateAccount', { Name: 'a'.repeat(100), MasterKey: 'main' }, /name/i],
  ['missing field', 'cwpstartCreateAccount', { Name: 'a' }, /MasterKey: is missing/],
  ['no e-mail of a user', 'cwpstartRegisterUser', { UserID: 'x', UserName: 'X' }, /UserID: must be the e-mail/],
  ['empty name', 'cwpstartRegisterUser', { UserID: 'x@example.com', UserName: '' }, /UserName/],
  ['blank name', 'cwpstartRegisterUser', { UserID: 'x@example.com', UserName: '  ' }, /name/],
  ['nothing to update', 'cwpstartUpdateGroup', { Group: 'owner' }, /AddUsers/],
  ['restriction without id', 'cwpstartUpdateTransactionRestriction', { Add: {} }, /RestrictionID: is missing/],
  ['restriction of nothing', 'cwpstartUpdateTransactionRestriction', {}, /Add/],
  [
    'both criteria',
    'cwpstartUpdateTransactionRestriction',
    { Add: { RestrictionID: 'r', Symbol: { Only: ['A'], Except: ['B'] } } },
    /Only or Except/,
  ],
  [
    'zero approvers',
    'cwpstartUpdateTransactionRestriction',
    { Add: { RestrictionID: 'r', Approvers: [{ Groups: ['owner'], RequiredApprovers: 0 }] } },
    /RequiredApprovers/,
  ],
  [
    'amount without currency',
    'cwpstartUpdateTransactionRestriction',
    { Add: { RestrictionID: 'r', Amount: { Above: 5 } } },
    /Currency/,
  ],
  [
    'negative bound',
    'cwpstartUpdateTransactionRestriction',
    { Add: { RestrictionID: 'r', Amount: { Above: -5, Currency: 'USD' } } },
    /Above/,
  ],
  [
    'custom chain over a known one',
    'cwpstartRegisterCustomChain',
    { ...chain, CAIP19: 'eip155:1/slip44:60' },
    /registry/,
  ],
  [
    'custom chain by its token',
    'cwpstartRegisterCustomChain',
    { ...chain, CAIP19: `eip155:777777/erc20:${RECIPIENT}` },
    /native/,
  ],
  [
    'chain of another family',
    'cwpstartRegisterCustomChain',
    { ...chain, CAIP19: 'bip122:000000000019d6689c085ae165831e93/slip44:0' },
    /eip155|supported|family/i,
  ],
  ['chain id zero', 'cwpstartRegisterCustomChain', { ...chain, CAIP19: 'eip155:0/slip44:60' }, /chain/i],
  ['too many decimals', 'cwpstartRegisterCustomChain', { ...chain, NativeAssetDecimals: 200 }, /decimals/i],
  [
    'fractional decimals',
    'cwpstartRegisterToken',
    { CAIP19: `${DEV}/erc20:${RECIPIENT}`, Symbol: 'X', Decimals: 1.5 },
    /Decimals: must be integer/,
  ],
  ['token that is native', 'cwpstartRegisterToken', { CAIP19: ETHER, Symbol: 'X', Decimals: 18 }, /native/],
  [
    'token of an unknown chain',
    'cwpstartRegisterToken',
    { CAIP19: `eip155:10/erc20:${RECIPIENT}`, Symbol: 'X', Decimals: 6 },
    /eip155:10/,
  ],
  ['unknown chain to register', 'cwpregisterKnownChain', { CAIP2: 'eip155:5' }, /registerCustomChain/],
  ['malformed CAIP-2', 'cwpregisterKnownChain', { CAIP2: 'eip155' }, /CAIP2: must be a CAIP-2/],
  [
    'index too large',
    'cwpgetAddressCAIP2',
    { MasterKey: 'main', Account: 'treasury', CAIP2: DEV, Index: 2 ** 31 },
    /Index/,
  ],
  ['index gap', 'cwpgetAddressCAIP2', { MasterKey: 'main', Account: 'treasury', CAIP2: DEV, Index: 2 }, /index|next/i],
  ['negative index', 'cwpgetAddressCAIP2', { MasterKey: 'main', Account: 'treasury', CAIP2: DEV, Index: -1 }, /Index/],
  ['unknown user', 'cwpgetUserById', { ID: 'nobody@example.com' }, /nobody@example\.com/],
  ['unknown group', 'cwplistGroupMembers', { GroupName: 'none' }, /none/],
  ['bad token of a page', 'cwpsearchOperationInfos', { Pagination: { Token: '!!' } }, /Pagination\.Token/],
  ['negative page', 'cwpsearchOperationInfos', { Pagination: { Size: -1 } }, /Pagination\.Size/],
  [
    'unknown type',
    'cwpsearchOperationInfos',
    { Filter: { OperationTypes: ['pay'] } },
    /OperationTypes\[0\]: must be one of/,
  ],
  ['bad role', 'createSystemUserEndpoint', { Name: 'x', Role: 'Root' }, /Role: must be one of/],
  ['system user that is none', 'createSystemUserEndpoint', { Name: '   ', Role: 'Viewer' }, /name/i],
  [
    'unknown confirmer',
    'createSystemUserEndpoint',
    { Name: 'x', Role: 'Viewer', Confirmer: 'nobody@example.com' },
    /nobody@example\.com/,
  ],
  ['unknown number', 'pairAutomatedApprover', { UserID: 424242, PublicKey: DeviceKey.generate().publicKey }, /424242/],
  ['bad base64 of a pairing', 'pairAutomatedApprover', { UserID: 2, PublicKey: '%%%' }, /base64|P-256/],
  ['empty approval', 'cwpapproveOperation', {}, /OperationID: is missing/],
  [
    'approval in a user’s name',
    'cwpapproveOperation',
    { OperationID: 'a', IntentSignature: 'AAAA', UserID: 'bob@example.com' },
    /UserID: is not a known field/,
  ],
  [
    'signature that is no base64',
    'cwpapproveOperation',
    { OperationID: 'a', IntentSignature: '***' },
    /IntentSignature: must be standard base64/,
  ],
  ['rejection of what is not there', 'cwprejectOperation', { OperationID: 'not-there' }, /not-there/, 404],
  ['set-up again', 'setupDefaultTenant', { Users: [{ ID: 'x@example.com', Name: 'X' }] }, /already populated/],
  ['set-up of nonsense', 'setupDefaultTenant', { MasterKeysAndAccounts: [] }, /MasterKeysAndAccounts/],
]

let site: Site
let api: Api
let admin: Api
let alice: Person
let before: unknown

beforeAll(async () => {
  site = await Site.start('bad')
  admin = site.admin
  alice = await site.person('alice@example.com')
  api = alice.api
  before = await site.standing()
})

afterAll(() => site?.end())

describe('a request that cannot be served', () => {
  it.each(cases.map(one => ({ what: one[0], operation: one[1], one })))('$what: $operation', async ({ one }) => {
    const [, operation, body, reason, status = 400] = one
    const answer = await api.send(operation, { body })
    expect([answer.status, errorOf(answer).message]).toEqual([status, expect.stringMatching(reason)])
  })

  it('is refused before anything reads it as JSON', async () => {
    const post = (body: string | Uint8Array, type?: string) =>
      api.raw('cwpstartCreateAccount', 'POST', '/api/cwp/operations/start/createAccount', body, type)
    const good = JSON.stringify({ Name: 'typed', MasterKey: 'main' })
    for (const body of [
      '{',
      '{"Name":"x",}',
      "{'Name':'x'}",
      'Name=x',
      '{"Name":"x"} {}',
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    ])
      expect(errorOf(await post(body)).message).toMatch(/not JSON/)
    for (const body of ['null', '[]', '"x"', '1', '{}', 'true']) expect((await post(body)).status).toBe(400)
    expect((await post(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)).status).toBe(400)
    expect((await post(`${'{"Name":'.repeat(50_000)}1${'}'.repeat(50_000)}`)).status).toBe(400)
    expect((await post('{"Name":"x","MasterKey":"main","__proto__":{"admin":true}}')).status).toBe(400)
    expect((await post('{"Name":1e999,"MasterKey":"main"}')).status).toBe(400)
    expect((await post(good, 'text/plain')).status).toBe(415)
    expect((await post(good, 'application/x-www-form-urlencoded')).status).toBe(415)
    const large = await post(JSON.stringify({ Name: 'x'.repeat(1_100_000), MasterKey: 'main' }))
    expect([large.status, errorOf(large).message]).toEqual([413, expect.stringMatching(/1 MiB/)])
  })

  it('is refused by its path and its query', async () => {
    const get = (path: string) => admin.raw('path', 'GET', path)
    for (const id of ['a%20b', '%00', '..%2f..%2fetc', 'a'.repeat(97), '%F0%9F%92%A9'])
      expect((await get(`/api/cwp/operations/id/${id}/status`)).status).toBe(400)
    expect((await get('/api/cwp/operations/id/%zz/status')).status).toBe(400)
    expect((await get(`/api/cwp/operations/id/${'a'.repeat(5000)}/status`)).status).toBeLessThan(500)
    for (const query of [
      'from=-1',
      'from=x',
      'to=1e30',
      'from=1&from=2',
      'from=1.5',
      'until=1',
      `from=${'9'.repeat(30)}`,
    ])
      expect((await get(`/api/trivault/log/entries?${query}`)).status).toBe(400)
    for (const query of [
      '',
      'start_date=2026-01-01',
      'start_date=1&end_date=2',
      'start_date=2026-13-01&end_date=2026-14-01',
    ])
      expect((await get(`/api/audit/export.zip?${query}`)).status).toBe(400)
    expect((await get('/api/users?user_type=robots')).status).toBe(400)
    expect(errorOf(await get('/api/cwp/nothing')).message).toMatch(/openapi\.json/)
    expect(errorOf(await get('/nothing')).message).toMatch(/openapi\.json/)
    expect((await admin.raw('path', 'PUT', '/api/cwp/users/list', '{}')).status).toBe(404)
    expect((await admin.raw('path', 'POST', '/api/systems/x/delete', '{}')).status).toBe(400)
    expect((await admin.raw('path', 'POST', '/api/systems/999999999999999999999/delete', '{}')).status).toBe(400)
  })

  it('is refused when it is not even HTTP', async () => {
    const { hostname, port } = new URL(site.url)
    const say = (bytes: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = ''
        const socket = connect(Number(port), hostname, () => socket.write(bytes))
        socket.on('data', chunk => {
          answer += chunk
        })
        socket.on('error', reject)
        socket.on('close', () => resolve(answer))
        socket.setTimeout(5_000, () => socket.destroy())
      })
    for (const bytes of ['nonsense\r\n\r\n', `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`]) {
      const answer = await say(bytes)
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
      expect(answer).not.toMatch(/\bat .*:\d+/)
    }
  })

  it('leaves the vault as it was', async () => {
    expect(await site.standing()).toEqual(before)
    expect(site.seen.filter(({ status }) => status >= 500)).toEqual([])
  })
})

describe('an OperationID used again', () => {
  it('for the same request is the same operation; for another one is refused', async () => {
    const OperationID = `twice-${randomBytes(4).toString('hex')}`
    const body = pay('0.5', { OperationID })
    for (const _ of [1, 2]) expect(await api.ok('cwpstartMakeTransaction', { body } as never)).toEqual({ OperationID })
    const standing = await site.standing()
    for (const other of [pay('0.6', { OperationID }), pay('0.5', { OperationID, ChainName: 'Local dev chain' })])
      expect(await api.refused('cwpstartMakeTransaction', 400, { body: other })).toMatchObject({ code: 'M0141' })
    const account = { Name: 'again', MasterKey: 'main', OperationID }
    expect(await api.refused('cwpstartCreateAccount', 400, { body: account })).toMatchObject({ code: 'M0141' })
    expect(await site.standing()).toEqual(standing)
  })

  it('at the same moment makes one operation', async () => {
    const OperationID = `race-${randomBytes(4).toString('hex')}`
    const send = (id: string, amount: string) =>
      api.send('cwpstartMakeTransaction', { body: pay(amount, { OperationID: id }) })
    const same = await Promise.all([1, 2, 3].map(() => send(OperationID, '0.5')))
    expect(same.map(({ status, body }) => [status, body])).toEqual(same.map(() => [200, { OperationID }]))
    const raced = await Promise.all(['0.5', '0.6', '0.7'].map(amount => send(`${OperationID}-2`, amount)))
    expect(raced.map(({ status }) => status).sort()).toEqual([200, 400, 400])
  })

  it('after the end of the operation is still refused', async () => {
    const OperationID = `ended-${randomBytes(4).toString('hex')}`
    await api.ok('cwpstartMakeTransaction', { body: pay('0.5', { OperationID }) } as never)
    await api.ok('cwpcancelOperationDelete', { params: { operationID: OperationID } })
    expect(await api.refused('cwpstartMakeTransaction', 400, { body: pay('0.6', { OperationID }) })).toMatchObject({
      code: 'M0141',
    })
  })
})

describe('a custom chain without an RPC URL', () => {
  it('is told by the name of the setting, and nothing was started', async () => {
    const { OperationID } = (await api.ok('cwpstartRegisterCustomChain', { body: chain } as never)) as {
      OperationID: string
    }
    await site.succeeded(OperationID)
    const standing = await site.standing()
    const refused = await api.refused('cwpstartMakeTransaction', 400, { body: pay('1', { CAIP19: chain.CAIP19 }) })
    expect(refused).toEqual({ code: 'M0192', message: expect.stringContaining('chains["eip155:777777"].rpcUrl') })
    expect(await site.standing()).toEqual(standing)
  })
})
