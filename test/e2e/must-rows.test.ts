import { execFile } from 'node:child_process'
import { createPublicKey, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type ClientEvent, type OperationId, routes } from '@trivault/api-contract'
import { DeviceKey, readAuditZip } from '@trivault/client'
import { getBytes, Transaction, verifyMessage } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CondensedOperation, condense } from '../../packages/api-contract/test/condense.ts'
import { differences } from '../../packages/api-contract/test/differences.ts'
import { type Api, DEV, ETHER, OWNERS, type Person, RECIPIENT, Site, until } from './site.ts'

// Every operation that a client of the contract cannot do without: what it changes, and what it refuses and how. One vault,
// from before its set-up to signed transactions; the tests build on each other.

const must = [
  'health',
  'ready',
  'setupDefaultTenant',
  'getUserInfo',
  'cwpstartRegisterUser',
  'cwpstartSetUserPublicKey',
  'cwplistUsers',
  'cwpgetAllGroupMembers',
  'createSystemUserEndpoint',
  'cwpcreateGroup',
  'cwpstartUpdateGroup',
  'cwpstartUpdateTransactionRestriction',
  'cwpgetTransactionRestrictions',
  'cwplistAccounts',
  'cwpstartBackupMasterKey',
  'cwpstartCreateMasterKey',
  'cwpstartCreateAccount',
  'cwpstartSetErsPublicKey',
  'cwpgetAddressCAIP2',
  'cwplistChains',
  'cwpregisterKnownChain',
  'cwpstartMakeTransaction',
  'cwpsearchOperationInfos',
  'cwpgetOperationStatus',
  'cwpgetOperationApprovalStatus',
  'cwpgetOperationIntent',
  'ExportAudit',
] as const satisfies OperationId[]

const treasury = { MasterKeyName: 'Default', AccountName: 'treasury' }
const tenant = {
  Users: OWNERS.map(ID => ({ ID, Name: ID.split('@')[0] ?? '' })),
  Group: 'owner',
  ApprovalsRequired: 2,
  MasterKeysAndAccounts: { Default: ['treasury'] },
  Assets: { CAIP2s: [DEV] },
}

let site: Site
let admin: Api
let alice: Person
let bob: Person
let address: string
const events: ClientEvent[] = []
const listening = new AbortController()

const start = async <K extends Extract<OperationId, `cwpstart${string}`>>(api: Api, id: K, body: object) =>
  ((await api.ok(id, { body } as never)) as { OperationID: string }).OperationID
/** Approved by whom it takes, and done. */
const approved = async (id: string, ...people: Person[]) => {
  for (const person of people) await person.approve(id)
  return site.succeeded(id)
}
const transfer = (Amount: string, more: object = {}) =>
  start(alice.api, 'cwpstartMakeTransaction', {
    Source: treasury,
    Destination: [{ Address: RECIPIENT, Amount }],
    CAIP19: ETHER,
    ...more,
  })

beforeAll(async () => {
  site = await Site.start('must', { empty: true })
  admin = site.admin
})

afterAll(async () => {
  listening.abort()
  await site?.end()
})

describe('before set-up', () => {
  it('answers health, readiness and configuration to anybody', async () => {
    const anybody = site.api(undefined)
    expect(await anybody.ok('health')).toEqual({ DatabaseHealth: { Healthy: true }, Healthy: true })
    expect((await anybody.ok('ready')).Healthy).toBe(true)
    const config = await anybody.ok('viewConfig')
    expect(config).toMatchObject({ HostURL: site.url, OAuthAudience: 'urn:trivault:wallet' })
    expect(`${config.OAuthDomain}`).toContain('127.0.0.1')
    await anybody.ok('viewTenantConfig')
  })

  it('wants a credential everywhere else, and says so in the shape of the path', async () => {
    for (const [id, route] of Object.entries(routes)) {
      if (route.access === 'public' || route.status === 101) continue
      const params = { id: 1, operationID: 'none' }
      for (const credential of [undefined, 'cwp_unknown', 'Bearer cwp_unknown', 'Bearer a.b.c', 'nonsense'])
        await site.api(credential).refused(id as OperationId, 401, { params })
    }
  })

  it('lets a person who signed in but is not registered do nothing', async () => {
    const stranger = site.api(`Bearer ${await site.token('carol@example.com')}`)
    expect((await stranger.refused('getUserInfo', 403)).message).toMatch(/ask an owner to register you/)
  })

  it('starts nothing', async () => {
    const { message, code } = await admin.refused('cwpstartRegisterUser', 400, {
      body: { UserID: 'x@example.com', UserName: 'X' },
    })
    expect([message, code]).toEqual([expect.stringContaining('/api/tenants/default/setup'), 'M0100'])
  })

  it('refuses a set-up that cannot be, and keeps nothing of it', async () => {
    const refused = async (change: object, message: RegExp) =>
      expect((await admin.refused('setupDefaultTenant', 400, { body: { ...tenant, ...change } })).message).toMatch(
        message,
      )
    await refused({ Users: [] }, /Users/)
    await refused({ ApprovalsRequired: 3 }, /ApprovalsRequired/)
    await refused({ Assets: { CAIP2s: ['eip155:424242'] } }, /eip155:424242/)
    await refused({ MasterKeysAndAccounts: { Default: ['a', 'a'] } }, /twice/)
    await refused({ Group: 'no-dash' }, /Group/)
    await refused({ Users: [...tenant.Users, tenant.Users[0]] }, /registered already/)
    expect(await admin.ok('cwplistUsers')).toEqual([])
    expect(await admin.ok('cwplistChains')).toEqual([])
  })
})

describe('set-up', () => {
  it('makes users, the owner group, the master key with its account, and the chains', async () => {
    await admin.ok('setupDefaultTenant', { body: tenant })
    const users = await admin.ok('cwplistUsers')
    expect(users.filter(user => !user.ID.endsWith('@system.trivault'))).toEqual(
      OWNERS.map(ID => ({ ID, Name: ID.split('@')[0], Active: false })),
    )
    expect(await admin.ok('cwpgetAllGroupMembers')).toEqual({ owner: [...OWNERS] })
    expect(await admin.ok('cwplistAccounts')).toEqual([{ Name: 'treasury', MasterKey: 'Default', IsExternal: false }])
    expect(await admin.ok('cwplistChains')).toEqual([{ ChainName: 'Local dev chain', TestNet: true, CAIP2: DEV }])
  })

  it('is done once', async () => {
    for (const body of [tenant, { ...tenant, Group: 'others' }])
      expect((await admin.refused('setupDefaultTenant', 400, { body })).message).toMatch(/already populated/)
  })

  it('moves no money before the owners have devices', async () => {
    const body = { Source: treasury, Destination: [{ Address: RECIPIENT, Amount: '1' }], CAIP19: ETHER }
    expect(await admin.refused('cwpstartMakeTransaction', 400, { body })).toMatchObject({ code: 'M0102' })
  })
})

describe('people', () => {
  it('tells the events: a WebSocket with heartbeat', async () => {
    const client = site.client(site.vault.endpoints.bootstrapApiKey ?? '')
    const listen = async () => {
      for await (const event of client.events({ heartbeat: 1, signal: listening.signal })) events.push(event)
    }
    void listen()
    await expect(async () => {
      for await (const _ of site.client('cwp_wrong').events()) break
    }).rejects.toThrow()
    expect((await admin.refused('cwpsubscribeToEvents', 400)).message).toMatch(/WebSocket/)
    expect((await admin.refused('cwpsubscribeToEvents', 400, { query: { heartbeat: 0 } })).message).toMatch(/heartbeat/)
  })

  it('set user public key: pairs the owners, which seals the vault', async () => {
    alice = await site.person(OWNERS[0])
    bob = await site.person(OWNERS[1])
    const wrong = (UserID: string, PublicKey: string) =>
      admin.refused('cwpstartSetUserPublicKey', 400, { body: { UserID, PublicKey } })
    expect(await wrong(alice.id, Buffer.alloc(64).toString('base64'))).toMatchObject({ code: 'M0115' })
    expect(await wrong('nobody@example.com', alice.device.publicKey)).toMatchObject({ code: 'M0110' })
    for (const person of [alice, bob]) {
      expect((await person.api.ok('getUserInfo')).Status).toBe('PendingOnboarding')
      const body = { UserID: person.id, PublicKey: person.device.publicKey }
      await approved(await start(person.api, 'cwpstartSetUserPublicKey', body))
      expect(await person.api.ok('getUserInfo')).toMatchObject({ Email: person.id, Role: 'Admin', Status: 'Active' })
    }
    expect((await admin.ok('trivaultNodes')).Sealed).toBe(true)
    expect(await wrong(bob.id, alice.device.publicKey)).toMatchObject({ code: 'M0115' })
    expect((await admin.ok('cwpgetUserById', { body: { ID: alice.id } })).Active).toBe(true)
    await until('onboarded', () => events.filter(event => event.Type === 'approver_onboarded').length === 2)
  })

  it('register user: known and without authority; twice is refused', async () => {
    const body = { UserID: 'carol@example.com', UserName: 'Carol' }
    await approved(await start(admin, 'cwpstartRegisterUser', body))
    expect(await admin.ok('cwplistUsers')).toContainEqual({ ID: body.UserID, Name: 'Carol', Active: false })
    expect(await admin.refused('cwpstartRegisterUser', 400, { body })).toMatchObject({ code: 'M0111' })
    const carol = await site.person(body.UserID)
    expect(await carol.api.ok('getUserInfo')).toMatchObject({ Role: 'MarketOps', Status: 'PendingOnboarding' })
  })

  it('users/pair: a device key by number, approved by the owner quorum', async () => {
    const { Users } = await admin.ok('getAllUsers', { query: { user_type: 'approver' } })
    const { Id: UserID } = Users.find(({ IdpUserId }) => IdpUserId === 'carol@example.com') ?? expect.fail()
    const PublicKey = DeviceKey.generate().publicKey
    expect((await admin.refused('pairAutomatedApprover', 400, { body: { UserID: 9999, PublicKey } })).message).toMatch(
      /9999/,
    )
    const { ID } = await admin.ok('pairAutomatedApprover', { body: { UserID, PublicKey } })
    await alice.approve(ID)
    expect((await site.status(ID, 'Pending approval')).Status).toBe('Pending approval')
    await approved(ID, bob)
    expect((await admin.ok('cwpgetUserById', { body: { ID: 'carol@example.com' } })).Active).toBe(true)
  })

  it('systems: a key that does what its role may, until it is deleted', async () => {
    const make = { Name: 'reporting', Role: 'Viewer' } as const
    const { ApiKey, UserID } = await admin.ok('createSystemUserEndpoint', { body: make })
    expect(ApiKey).toMatch(/^cwp_/)
    const viewer = site.api(ApiKey)
    expect(await viewer.ok('getUserInfo')).toMatchObject({ Role: 'Viewer', Name: 'reporting' })
    await viewer.ok('cwplistUsers')
    expect(await viewer.ok('cwplistPendingApprovals')).toEqual([])
    const body = { UserID: 'y@example.com', UserName: 'Y' }
    expect((await viewer.refused('cwpstartRegisterUser', 403, { body })).message).toMatch(/Viewer/)
    expect(
      (await viewer.refused('createSystemUserEndpoint', 403, { body: { ...make, Role: 'Admin' } })).message,
    ).toMatch(/Admin/)
    expect(await admin.refused('createSystemUserEndpoint', 400, { body: make })).toMatchObject({
      message: expect.any(String),
    })
    await admin.refused('createSystemUserEndpoint', 400, { body: { Name: 'x', Role: 'Owner' } })
    expect((await admin.ok('getAllConfirmers')).Users.map(user => user.IdpUserId)).toContain(alice.id)
    await viewer.refused('deleteSystemUserEndpoint', 403, { params: { id: UserID } })
    await admin.ok('deleteSystemUserEndpoint', { params: { id: UserID } })
    await viewer.refused('getUserInfo', 401)
    await admin.refused('deleteSystemUserEndpoint', 404, { params: { id: UserID } })
  })

  it('groups: made at once and empty, filled by the owner quorum alone', async () => {
    await admin.ok('cwpcreateGroup', { body: { Name: 'desk' } })
    await admin.ok('cwpcreateGroup', { body: { Name: 'desk' } })
    await admin.refused('cwpcreateGroup', 400, { body: { Name: ' desk' } })
    expect(await admin.ok('cwpgetAllGroupMembers')).toEqual({ desk: [], owner: [...OWNERS] })
    const refused = async (body: object) => (await admin.refused('cwpstartUpdateGroup', 400, { body })).code
    expect(await refused({ Group: 'none', AddUsers: [alice.id] })).toBe('M0112')
    expect(await refused({ Group: 'desk', AddUsers: ['nobody@example.com'] })).toBe('M0110')
    expect(await refused({ Group: 'owner', RemoveUsers: [bob.id] })).toBe('M0117')
    const rejected = await start(admin, 'cwpstartUpdateGroup', { Group: 'desk', AddUsers: ['carol@example.com'] })
    await alice.approve(rejected)
    await bob.api.ok('cwprejectOperation', { body: { OperationID: rejected } })
    expect(await site.failed(rejected)).toMatchObject({ code: 'M0181' })
    expect(await admin.ok('cwpgetOperationApprovalStatus', { params: { operationID: rejected } })).toEqual({
      ApprovedBy: [alice.id],
      RejectedBy: [bob.id],
      PendingApprovals: [],
    })
    await approved(
      await start(admin, 'cwpstartUpdateGroup', { Group: 'desk', AddUsers: ['carol@example.com'] }),
      alice,
      bob,
    )
    expect((await admin.ok('cwpgetAllGroupMembers')).desk).toEqual(['carol@example.com'])
    const members = await admin.ok('cwplistGroupMembers', { body: { GroupName: 'desk' } })
    expect(members).toEqual([{ ID: 'carol@example.com', Name: 'Carol', Active: true }])
  })
})

describe('keys and accounts', () => {
  it('create master key: approved by an owner, made by the three nodes', async () => {
    const refused = async (Name: string) => admin.refused('cwpstartCreateMasterKey', 400, { body: { Name } })
    expect(await refused('Default')).toMatchObject({ code: 'M0131' })
    await refused('../Default')
    const id = await start(admin, 'cwpstartCreateMasterKey', { Name: 'Second' })
    expect((await site.status(id, 'Pending approval')).Result).toBeUndefined()
    await approved(id, alice)
    await approved(await start(admin, 'cwpstartCreateAccount', { Name: 'ops', MasterKey: 'Second' }))
    expect(await admin.ok('cwplistAccounts')).toContainEqual({ Name: 'ops', MasterKey: 'Second', IsExternal: false })
  })

  it('create account: refused twice and under an unknown key', async () => {
    const refused = async (Name: string, MasterKey: string) =>
      (await admin.refused('cwpstartCreateAccount', 400, { body: { Name, MasterKey } })).code
    expect(await refused('treasury', 'Default')).toBe('M0134')
    expect(await refused('treasury', 'None')).toBe('M0130')
  })

  it('addresses: derived, next index only, resolved back', async () => {
    const get = { MasterKey: 'Default', Account: 'treasury', CAIP2: DEV }
    address = (await admin.ok('cwpgetAddressCAIP2', { body: get })).Address
    expect(address).toMatch(/^0x[0-9a-fA-F]{40}$/)
    expect(await admin.ok('cwpgetAddressCAIP2', { body: get })).toEqual({ Address: address })
    expect(await admin.refused('cwpgetAddressCAIP2', 400, { body: { ...get, Index: 2 } })).toMatchObject({
      code: 'M0135',
    })
    const { Address: second } = await admin.ok('cwpgetAddressCAIP2', { body: { ...get, Index: 1 } })
    expect(second).not.toBe(address)
    expect(await admin.ok('cwpresolveAddress', { body: { Address: second.toLowerCase() } })).toEqual({
      MasterKey: 'Default',
      Account: 'treasury',
      Index: 1,
    })
    await admin.refused('cwpresolveAddress', 404, { body: { Address: RECIPIENT } })
    for (const change of [{ Account: 'none' }, { MasterKey: 'none' }, { CAIP2: 'eip155:10' }])
      await admin.refused('cwpgetAddressCAIP2', 400, { body: { ...get, ...change } })
  })

  it('set ERS public key: the pinned one, and no other', async () => {
    const pem = readFileSync(`${site.home}/sample-ers-public-key.pem`, 'utf8')
    const pinned = createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64')
    const other = Buffer.from(pinned, 'base64')
    other[200] = (other[200] ?? 0) ^ 1
    const refused = await admin.refused('cwpstartSetErsPublicKey', 400, { body: { Key: other.toString('base64') } })
    expect(refused).toMatchObject({ code: 'M0137', message: expect.stringContaining('pinned') })
    const id = await start(admin, 'cwpstartSetErsPublicKey', { Key: pinned })
    expect((await site.status(id, 'Pending approval')).Status).toBe('Pending approval')
    await approved(id, alice, bob)
  })

  it('backup master key: what it returns and the ERS key rebuild the address', async () => {
    expect(await admin.refused('cwpstartBackupMasterKey', 400, { body: { Name: 'None' } })).toMatchObject({
      code: 'M0130',
    })
    const id = await start(admin, 'cwpstartBackupMasterKey', { Name: 'Default' })
    const { Result } = await approved(id, bob)
    expect(Result?.Backup?.map(backup => backup.Type)).toEqual(['ECDSA_SECP256K1', 'EdDSA_Ed25519'])
    const file = `${site.home}/backup.bin`
    writeFileSync(file, Buffer.from(Result?.Backup?.[0]?.Backup ?? '', 'base64'), { mode: 0o600 })
    const tool = fileURLToPath(new URL('../../apps/recovery/src/main.ts', import.meta.url))
    const key = ['--backup', file, '--ers-key', `${site.home}/sample-ers-key.pem`]
    const args = [tool, 'rebuild', ...key, '--derive', '44/60/0/0', '--json']
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(JSON.parse(stdout).addresses).toEqual({ '44/60/0/0': address })
  })
})

describe('assets', () => {
  it('register known chain: data of the registry, again and again the same', async () => {
    for (const _ of [1, 2]) await admin.ok('cwpregisterKnownChain', { body: { CAIP2: 'eip155:11155111' } })
    const chains = await admin.ok('cwplistChains')
    expect(chains.map(chain => chain.CAIP2).sort()).toEqual(['eip155:11155111', DEV])
    const refused = await admin.refused('cwpregisterKnownChain', 400, { body: { CAIP2: 'eip155:999999' } })
    expect(refused.message).toMatch(/registerCustomChain/)
  })

  it('register custom chain and token; without an RPC URL the error names the setting', async () => {
    const chain = { ChainName: 'Backwater', CAIP19: 'eip155:777777/slip44:60', NativeAssetSymbol: 'BCK', TestNet: true }
    await approved(await start(alice.api, 'cwpstartRegisterCustomChain', chain))
    const token = { CAIP19: `eip155:777777/erc20:${RECIPIENT}`, Symbol: 'DRIP', Decimals: 6 }
    await approved(await start(alice.api, 'cwpstartRegisterToken', token))
    const tokens = await admin.ok('cwplistTokens')
    expect(
      tokens.filter(({ CAIP2 }) => CAIP2 === 'eip155:777777').map(token => [token.Symbol, token.Decimals]),
    ).toEqual([
      ['BCK', 18],
      ['DRIP', 6],
    ])
    const conflict = await admin.refused('cwpstartRegisterToken', 400, { body: { ...token, Decimals: 7 } })
    expect(conflict.code).toBe('M0123')
    const shadow = { ...chain, CAIP19: 'eip155:1/slip44:60' }
    expect((await admin.refused('cwpstartRegisterCustomChain', 400, { body: shadow })).code).toBe('M0121')
    const holding = { MasterKey: 'Default', Account: 'treasury', CAIP19: chain.CAIP19 }
    const body = { Source: treasury, Destination: [{ Address: RECIPIENT, Amount: '1' }], CAIP19: chain.CAIP19 }
    for (const answer of [
      await admin.refused('cwpgetOnChainBalance', 400, { body: holding }),
      await admin.refused('cwpgetSpendableBalance', 400, { body: holding }),
      await alice.api.refused('cwpstartMakeTransaction', 400, { body }),
    ])
      expect(answer).toEqual({ code: 'M0192', message: expect.stringContaining('chains["eip155:777777"].rpcUrl') })
  })

  it('balances: on chain and spendable, in major units; 404 for what the vault does not have', async () => {
    const body = { MasterKey: 'Default', Account: 'treasury', CAIP19: ETHER }
    expect((await admin.ok('cwpgetOnChainBalance', { body })).Amount).toBe('0')
    await site.chain.fund(address, 5n * 10n ** 18n)
    const balance = { CAIP19: ETHER, Symbol: 'ETH', ChainName: 'Local dev chain', Amount: '5' }
    expect(await admin.ok('cwpgetOnChainBalance', { body })).toEqual(balance)
    expect(await admin.ok('cwpgetSpendableBalance', { body })).toEqual(balance)
    for (const change of [{ Account: 'none' }, { MasterKey: 'none' }, { CAIP19: 'eip155:10/slip44:60' }])
      for (const id of ['cwpgetOnChainBalance', 'cwpgetSpendableBalance'] as const)
        await admin.refused(id, 404, { body: { ...body, ...change } })
  })
})

describe('restrictions', () => {
  const two = {
    RestrictionID: 'two owners',
    Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
    Source: { Only: [{ MasterKeyName: 'Default' }] },
  }

  it('update transaction restriction: changes the rules by the owner quorum alone', async () => {
    const refused = async (body: object) =>
      (await admin.refused('cwpstartUpdateTransactionRestriction', 400, { body })).code
    expect(await refused({ Delete: { RestrictionID: 'none' } })).toBe('M0170')
    expect(await refused({ Add: { ...two, Approvers: [{ Groups: ['none'], RequiredApprovers: 1 }] } })).toBe('M0112')
    await refused({})
    const id = await start(alice.api, 'cwpstartUpdateTransactionRestriction', { Add: two })
    await alice.approve(id)
    expect(await admin.ok('cwpgetTransactionRestrictions')).toEqual([])
    await approved(id, bob)
    expect(await admin.ok('cwpgetTransactionRestrictions')).toEqual([two])
    expect(await refused({ Add: two })).toBe('M0171')
    await site.api(undefined).refused('cwpgetTransactionRestrictions', 401)
  })

  it('lists what there is to restrict', async () => {
    expect(await admin.ok('cwpgetConfigRestrictions')).toEqual([])
    expect(await admin.ok('cwpgetPolicyRestrictions')).toEqual([])
    expect(await admin.ok('cwpgetOperationTypesForTransaction')).toContain('make transaction')
    await admin.ok('cwpgetOperationTypesForConfig')
    await admin.ok('cwpgetOperationTypesForPolicy')
    expect(await admin.ok('cwpgetRestrictionTransactionFunctionNames')).toContain('transfer')
  })
})

describe('transactions', () => {
  let done: string

  it('make transaction: confirmed, approved, signed by three, on the chain', async () => {
    const before = await site.chain.balance(RECIPIENT)
    const id = await transfer('0.25', { OperationID: `pay-${randomBytes(4).toString('hex')}` })
    done = id
    expect((await site.status(id, 'Pending confirmation')).Status).toBe('Pending confirmation')
    const params = { operationID: id }
    expect(await admin.ok('cwpgetOperationApprovalStatus', { params })).toEqual({
      ApprovedBy: [],
      RejectedBy: [],
      PendingApprovals: [...OWNERS],
    })
    const intent = await admin.ok('cwpgetOperationIntent', { params })
    expect(intent).toMatchObject({
      OperationType: 'make transaction',
      OperationID: id,
      InitiatorID: alice.id,
      InitiatorName: 'alice',
      Asset: 'ETH',
      TestNetwork: true,
      CAIP19: ETHER,
      Function: { Name: 'transfer' },
      Destination: [{ Address: RECIPIENT, Amount: '0.25' }],
    })
    const bytes = await alice.bytesOf(id)
    expect(Buffer.from(await bob.bytesOf(id)).equals(bytes)).toBe(true)
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(intent)
    await alice.approve(id)
    await site.status(id, 'Pending approval')
    expect(await admin.ok('cwpgetOperationApprovalStatus', { params })).toEqual({
      ApprovedBy: [alice.id],
      RejectedBy: [],
      PendingApprovals: [bob.id],
    })
    const { Verdicts, Missing } = await admin.ok('trivaultOperationVerdicts', { params })
    expect([Verdicts.length, Missing.length, new Set(Verdicts.map(one => one.EffectsHash)).size]).toEqual([3, 0, 1])
    const { Result } = await approved(id, bob)
    await site.chain.receipt(Result?.Transaction?.ID ?? '')
    expect((await site.chain.balance(RECIPIENT)) - before).toBe(25n * 10n ** 16n)
    const signed = Transaction.from(Result?.Transaction?.SignedTransaction ?? '')
    expect([signed.from, signed.hash]).toEqual([address, Result?.Transaction?.ID])
    await until('events', () => events.some(({ Payload }) => 'OperationID' in Payload && Payload.OperationID === id))
  })

  it('approvals count by device, once, and only of those who are asked', async () => {
    const id = await transfer('0.01')
    const carol = await site.person('carol@example.com')
    const bytes = await alice.bytesOf(id)
    const refused = async (api: Api, device: DeviceKey, message = bytes) =>
      (
        await api.refused('cwpapproveOperation', 400, {
          body: { OperationID: id, IntentSignature: device.sign(message) },
        })
      ).code
    expect(await refused(alice.api, DeviceKey.generate())).toBe('M0145')
    expect(await refused(bob.api, alice.device)).toBe('M0145')
    expect(await refused(alice.api, alice.device, Buffer.concat([bytes, Buffer.from(' ')]))).toBe('M0145')
    expect(await refused(carol.api, carol.device)).toBe('M0147')
    expect(await refused(admin, alice.device)).toBe('M0114')
    expect((await carol.api.refused('cwprejectOperation', 400, { body: { OperationID: id } })).code).toBe('M0147')
    await alice.approve(id)
    expect(await refused(alice.api, alice.device)).toBe('M0146')
    expect((await site.status(id, 'Pending approval')).Status).toBe('Pending approval')
    await approved(id, bob)
  })

  it('three ways to cancel, each 404 for an unknown operation and 409 for a final one', async () => {
    for (const [id, name, body] of [
      ['cwpcancelOperationDelete', 'operationID', undefined],
      ['cwpcancelOperation', 'operationID', { cancelledBy: alice.id }],
      ['cancelOperation', 'id', undefined],
    ] as const) {
      const operation = await transfer('0.02')
      await admin.ok(id, { params: { [name]: operation }, ...(body && { body }) } as never)
      expect(await site.failed(operation)).toMatchObject({ code: 'M0182' })
      await admin.refused(id, 409, { params: { [name]: operation }, body })
      await admin.refused(id, 409, { params: { [name]: done }, body })
      await admin.refused(id, 404, { params: { [name]: 'no-such-operation' }, body })
      await site.api(undefined).refused(id, 401, { params: { [name]: operation }, body })
    }
    const late = { body: { OperationID: done, IntentSignature: alice.device.sign(Buffer.from('{}')) } }
    await alice.api.refused('cwpapproveOperation', 409, late)
    await alice.api.refused('cwprejectOperation', 409, { body: { OperationID: done } })
    const none = { body: { ...late.body, OperationID: 'no-such-operation' } }
    await alice.api.refused('cwpapproveOperation', 404, none)
    await alice.api.refused('cwprejectOperation', 404, { body: { OperationID: 'no-such-operation' } })
  })

  it('status, approval status, intent and verdicts: 404 for an unknown operation', async () => {
    for (const id of [
      'cwpgetOperationStatus',
      'cwpgetOperationApprovalStatus',
      'cwpgetOperationIntent',
      'trivaultOperationVerdicts',
    ] as const) {
      await admin.refused(id, 404, { params: { operationID: 'no-such-operation' } })
      expect((await admin.refused(id, 400, { params: { operationID: 'no such' } })).message).toMatch(/operationID/)
    }
  })

  it('raw transaction: signed as it is, sent by whoever asked', async () => {
    const unsigned = Transaction.from({
      type: 2,
      chainId: 31337n,
      nonce: Number(await site.chain.nonce(address)),
      gasLimit: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
      to: RECIPIENT,
      value: 10n ** 16n,
    })
    const id = await start(alice.api, 'cwpstartMakeTransaction', {
      Source: treasury,
      RawTransaction: unsigned.unsignedSerialized,
    })
    const { Result } = await approved(id, alice, bob)
    const signed = Transaction.from(Result?.Transaction?.SignedTransaction ?? '')
    expect([signed.from, signed.unsignedSerialized]).toEqual([address, unsigned.unsignedSerialized])
    await site.chain.receipt(await site.chain.rpc<string>('eth_sendRawTransaction', signed.serialized))
  })

  it('generic signing: a message that any verifier accepts; an opaque one is blocked', async () => {
    const message = 'Trivault signs this.'
    const body = { Asset: 'ETH', CAIP19: ETHER, DataToSign: message, TypeOfSigning: 'personal_sign', Source: treasury }
    const id = await start(alice.api, 'cwpstartGenericSigning', body)
    expect(await admin.ok('cwpgetOperationIntent', { params: { operationID: id } })).toMatchObject({
      DataToSign: message,
    })
    const { Result } = await approved(id, alice, bob)
    expect(Result?.GenericSignature?.Message).toBe(message)
    const signature = Buffer.from(Result?.GenericSignature?.Signature ?? '', 'base64')
    expect(verifyMessage(message, `0x${signature.toString('hex')}`)).toBe(address)
    expect(getBytes(signature).length).toBe(65)
    await alice.api.refused('cwpstartGenericSigning', 400, { body: { ...body, TypeOfSigning: 'whatever' } })
    const digest = `0x${randomBytes(32).toString('hex')}`
    const opaque = await start(alice.api, 'cwpstartGenericSigning', {
      ...body,
      DataToSign: digest,
      TypeOfSigning: 'raw',
    })
    expect(await site.failed(opaque)).toMatchObject({ code: 'M0165' })
  })

  it('a blocked transaction ends at once with the reason', async () => {
    const block = {
      RestrictionID: 'nothing to the zero address',
      ExternalDestination: { Only: [RECIPIENT.replace('AA', 'BB')] },
    }
    await approved(await start(alice.api, 'cwpstartUpdateTransactionRestriction', { Add: block }), alice, bob)
    const id = await transfer('0.1', { Destination: [{ Address: RECIPIENT.replace('AA', 'BB'), Amount: '0.1' }] })
    expect(await site.failed(id)).toMatchObject({ code: 'M0025', reason: expect.stringContaining(block.RestrictionID) })
  })
})

describe('history', () => {
  it('search: not final ones by default, filters, pages, newest first', async () => {
    const open = await transfer('0.03')
    const search = (body: object) => admin.ok('cwpsearchOperationInfos', { body } as never)
    expect((await search({})).Infos.map(info => info.OperationID)).toEqual([open])
    const filter = { OperationTypes: ['make transaction'], Statuses: ['Succeeded', 'Failed', 'Pending confirmation'] }
    const { Infos: all, PaginationToken } = await search({ Filter: filter })
    expect([PaginationToken, all[0]?.OperationID, all.length > 5]).toEqual(['', open, true])
    expect(all.map(info => info.CreatedTime)).toEqual(
      all
        .map(info => info.CreatedTime)
        .sort()
        .reverse(),
    )
    const paged: typeof all = []
    for (let Token = '', pages = 0; pages === 0 || (Token !== '' && pages < 20); pages++) {
      const page = await search({ Filter: filter, Pagination: { Size: 2, Token } })
      paged.push(...page.Infos)
      Token = page.PaginationToken
    }
    expect(paged).toEqual(all)
    expect((await search({ Filter: { OperationIDs: [open] } })).Infos).toHaveLength(1)
    expect(
      (await admin.refused('cwpsearchOperationInfos', 400, { body: { Pagination: { Token: 'x' } } })).message,
    ).toMatch(/Token/)
    await admin.refused('cwpsearchOperationInfos', 400, { body: { Filter: { Statuses: ['Done'] } } })
    await admin.ok('cwpcancelOperationDelete', { params: { operationID: open } })
  })

  it('audit export: the whole certified log, verifiable by anybody', async () => {
    const day = new Date().toISOString().slice(0, 10)
    const { file } = await (async () => {
      const answer = await fetch(`${site.url}/api/audit/export.zip?start_date=${day}&end_date=${day}`, {
        headers: { authorization: site.vault.endpoints.bootstrapApiKey ?? '', accept: 'application/json' },
      })
      return (await answer.json()) as { file: string }
    })()
    const { csv, entries } = readAuditZip(Buffer.from(file, 'base64'))
    const { Head } = await admin.ok('trivaultLogEntries', { query: {} })
    expect(entries.length).toBeGreaterThanOrEqual(Head.Seq)
    expect(csv.split('\r\n')[0]).toMatch(/^Seq,Index,Time/)
    expect(csv).toContain('carol@example.com')
    const zip = await admin.send('ExportAudit', { query: { start_date: day, end_date: day } })
    expect([zip.status, zip.text.slice(0, 2)]).toEqual([200, 'PK'])
    for (const query of [
      {},
      { start_date: 'today', end_date: day },
      { start_date: day, end_date: '2020-01-01' },
      { start_date: day, end_date: '2026-02-31' },
      { start_date: day, end_date: day, columns: 'Seq,Secrets' },
    ])
      await admin.refused('ExportAudit', 400, { query })
  })
})

describe('the contract', () => {
  it('is what the running wallet documents', async () => {
    const live = (await (await fetch(`${site.url}/api/openapi.json`)).json()) as Record<string, unknown>
    expect(live.openapi).toBe('3.1.0')
    const fixture = new URL('../../packages/api-contract/fixtures/contract.json', import.meta.url)
    const contract = JSON.parse(readFileSync(fixture, 'utf8')) as CondensedOperation[]
    const own = new Map(condense(live).map(operation => [operation.operationId, operation]))
    expect(contract.flatMap(theirs => differences(theirs, own.get(theirs.operationId)))).toEqual([])
  })

  it('has no row that was not seen to succeed and to refuse', async () => {
    await site.vault.kill('postgres', 'SIGKILL')
    // A backend outlives its postmaster until it notices.
    await until('not ready', async () => (await site.api(undefined).send('ready')).status === 503)
    expect((await site.api(undefined).refused('ready', 503)).message).toMatch(/database/)
    expect(await site.api(undefined).ok('health')).toMatchObject({ Healthy: false, DatabaseHealth: { Healthy: false } })
    await site.vault.up()
    await until('ready', async () => (await site.api(undefined).send('ready')).status === 200)
    const seen = (id: string, kind: (status: number) => boolean) =>
      site.seen.some(answer => answer.operationId === id && kind(answer.status))
    expect(must.filter(id => !seen(id, status => status < 300))).toEqual([])
    // Liveness has no refusal: it answers with what is wrong.
    expect(must.filter(id => id !== 'health' && !seen(id, status => status >= 400))).toEqual([])
    expect(site.seen.filter(answer => answer.status >= 500 && answer.operationId !== 'ready')).toEqual([])
  })
})
