import { type ClientEvent, type OperationId, type Route, routes } from '@trivault/api-contract'
import { DeviceKey } from '@trivault/client'
import { verifyMessage } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, DEV, ETHER, OWNERS, Person, RECIPIENT, Site, until } from './site.ts'

// Every operation that existing clients use beyond those that nobody can do without: what it changes, and what it refuses
// and how. One vault; the tests build on each other.

const should = [
  'viewConfig',
  'viewTenantConfig',
  'listTenants',
  'getAllUsers',
  'pairAutomatedApprover',
  'cwpstartDeleteUser',
  'cwpstartResetUser',
  'cwpgetUserById',
  'cwplistGroupMembers',
  'getAllConfirmers',
  'deleteSystemUserEndpoint',
  'cwpstartRenameGroup',
  'cwpstartUpdateConfigRestriction',
  'cwpstartUpdatePolicyRestriction',
  'cwpstartUpdateRates',
  'cwpgetConfigRestrictions',
  'cwpgetPolicyRestrictions',
  'cwpgetOperationTypesForConfig',
  'cwpgetOperationTypesForPolicy',
  'cwpgetOperationTypesForTransaction',
  'cwpgetRestrictionTransactionFunctionNames',
  'getVaults',
  'getVault',
  'getAddressOfAsset',
  'cwpstartAttachMasterKey',
  'cwpresolveAddress',
  'cwpgetOnChainBalance',
  'cwpgetSpendableBalance',
  'cwpstartRegisterToken',
  'cwpstartRegisterCustomChain',
  'cwpstartUnregisterToken',
  'cwpstartUnregisterChain',
  'cwplistTokens',
  'cwpsearchAssetInfos',
  'cwpstartGenericSigning',
  'cancelOperation',
  'cwpcancelOperationDelete',
  'cwpcancelOperation',
  'cwpsubscribeToEvents',
  'cwpstartCreateBatch',
  'cwpstartFinishCurrentBatch',
  'cwpstartDeleteCurrentBatch',
] as const satisfies OperationId[]
/** Answered with a coded refusal: this vault has no cold keys. */
const cold: readonly string[] = [
  'cwpstartAttachMasterKey',
  'cwpstartCreateBatch',
  'cwpstartFinishCurrentBatch',
  'cwpstartDeleteCurrentBatch',
]

type StartId = Extract<OperationId, `cwpstart${string}`>
const treasury = { MasterKeyName: 'Default', AccountName: 'treasury' }
const carol = { UserID: 'carol@example.com', UserName: 'Carol' }

let site: Site
let admin: Api
let alice: Person
let bob: Person
const events: ClientEvent[] = []
const listening = new AbortController()

const start = async (api: Api, id: StartId, body: object) =>
  ((await api.ok(id, { body } as never)) as { OperationID: string }).OperationID
/** Started by the admin key, approved by whom it takes, and done. */
const done = async (id: StartId, body: object, ...people: Person[]) => {
  const operation = await start(admin, id, body)
  for (const person of people) await person.approve(operation)
  return site.succeeded(operation)
}
const code = async (id: OperationId, body: object) => (await admin.refused(id, 400, { body })).code

beforeAll(async () => {
  site = await Site.start('should', { empty: true })
  admin = site.admin
  await admin.ok('setupDefaultTenant', {
    body: {
      Users: OWNERS.map(ID => ({ ID, Name: ID.split('@')[0] ?? '' })),
      Group: 'owner',
      ApprovalsRequired: 2,
      Rates: [{ Asset: 'ETH', USDRate: 3000 }],
      MasterKeysAndAccounts: { Default: ['treasury', 'trading'] },
      Assets: { CAIP2s: [DEV] },
    },
  })
  alice = await site.person(OWNERS[0])
  bob = await site.person(OWNERS[1])
  for (const { id, device } of [alice, bob])
    await done('cwpstartSetUserPublicKey', { UserID: id, PublicKey: device.publicKey })
  const client = site.client(site.vault.endpoints.bootstrapApiKey ?? '')
  const listen = async () => {
    for await (const event of client.events({ signal: listening.signal })) events.push(event)
  }
  void listen()
})

afterAll(async () => {
  listening.abort()
  await site?.end()
})

describe('configuration', () => {
  it('is told to anybody: how to sign in, features, the one tenant', async () => {
    const anybody = site.api(undefined)
    expect(await anybody.ok('listTenants')).toEqual(['default'])
    expect(await anybody.ok('viewConfig')).toMatchObject({ Mode: 'on-prem', HostURL: site.url })
    expect(await anybody.ok('viewTenantConfig')).toMatchObject({
      TenantId: 'default',
      IsTestnet: true,
      Feature: { ColdStorage: false, CwpWsEvents: true },
    })
  })

  it('wants a credential everywhere else', async () => {
    for (const id of should) {
      const { access, status }: Route = routes[id]
      if (access === 'public') continue
      const params = { id: 1, operationID: 'none', caip19: ETHER }
      if (status !== 101) await site.api(undefined).refused(id, 401, { params })
      await site.api('cwp_unknown').refused(id, 401, { params })
    }
  })
})

describe('people', () => {
  const own = { Name: carol.UserID, Role: 'Viewer' } as const
  const numberOf = async (id: string) =>
    (await admin.ok('getAllUsers', { query: {} })).Users.find(user => user.IdpUserId === id)?.Id ?? expect.fail(id)
  let device: DeviceKey

  it('users/pair gives a device by number, users/getById tells of it', async () => {
    await done('cwpstartRegisterUser', carol)
    device = DeviceKey.generate()
    const body = { UserID: await numberOf(carol.UserID), PublicKey: device.publicKey }
    const { ID } = await admin.ok('pairAutomatedApprover', { body })
    for (const person of [alice, bob]) await person.approve(ID)
    await site.succeeded(ID)
    expect(await admin.ok('cwpgetUserById', { body: { ID: carol.UserID } })).toEqual({
      ID: carol.UserID,
      Name: 'Carol',
      Active: true,
    })
    await admin.refused('pairAutomatedApprover', 400, { body: { ...body, UserID: 4242 } })
    expect(await code('cwpgetUserById', { ID: 'nobody@example.com' })).toBe('M0110')
  })

  it('users: numbers that stay, people and systems apart', async () => {
    const all = await admin.ok('getAllUsers', { query: {} })
    const again = await admin.ok('getAllUsers', { query: {} })
    expect(again).toEqual(all)
    const ids = [...all.Users, ...all.SystemUsers].map(user => user.Id)
    expect(new Set(ids).size).toBe(ids.length)
    expect((await admin.ok('getAllUsers', { query: { user_type: 'approver' } })).SystemUsers).toEqual([])
    expect((await admin.ok('getAllUsers', { query: { user_type: 'system_user' } })).Users).toEqual([])
    expect((await admin.refused('getAllUsers', 400, { query: { user_type: 'robot' } })).message).toMatch(/user_type/)
  })

  it('systems: confirmers by privilege, and a key that ends with its user', async () => {
    const names = async (role?: string) =>
      (await admin.ok('getAllConfirmers', { query: role === undefined ? {} : { role } } as never)).Users.map(
        user => user.Name,
      )
    expect(await names()).toEqual(['alice', 'bob', 'Carol'])
    expect(await names('MarketOps')).toEqual(['alice', 'bob', 'Carol'])
    expect(await names('Admin')).toEqual(['alice', 'bob'])
    await admin.refused('getAllConfirmers', 400, { query: { role: 'King' } })
    const { ApiKey, UserID } = await admin.ok('createSystemUserEndpoint', { body: { Name: 'bot', Role: 'MarketOps' } })
    const bot = site.api(ApiKey)
    await bot.ok('cwplistUsers')
    await bot.refused('deleteSystemUserEndpoint', 403, { params: { id: UserID } })
    await admin.ok('deleteSystemUserEndpoint', { params: { id: UserID } })
    await bot.refused('cwplistUsers', 401)
    await admin.refused('deleteSystemUserEndpoint', 404, { params: { id: UserID } })
    await admin.refused('deleteSystemUserEndpoint', 404, { params: { id: await numberOf(alice.id) } })
  })

  it('an auditor reads everything and changes nothing, not even by a rejection', async () => {
    const { ApiKey } = await admin.ok('createSystemUserEndpoint', { body: { Name: 'audit', Role: 'Auditor' } as never })
    const auditor = site.api(ApiKey)
    expect((await auditor.ok('getUserInfo')).Role).toBe('Viewer')
    await auditor.ok('trivaultLogEntries', { query: {} })
    const id = await start(admin, 'cwpstartResetUser', carol)
    expect((await auditor.refused('cwprejectOperation', 403, { body: { OperationID: id } })).message).toMatch(/Auditor/)
    await auditor.refused('cwpcancelOperationDelete', 403, { params: { operationID: id } })
    await auditor.refused('cwpstartRegisterUser', 403, { body: { UserID: 'x@example.com', UserName: 'X' } })
    await auditor.refused('cwpstartSetUserPublicKey', 403, { body: { UserID: 'x@example.com', PublicKey: 'AA==' } })
    await admin.ok('cwpcancelOperationDelete', { params: { operationID: id } })
  })

  it('reset user: the lost device and the API keys end, the person stays', async () => {
    const { ApiKey } = await admin.ok('createSystemUserEndpoint', { body: own })
    const old = new Person(carol.UserID, device, site.api(ApiKey))
    expect((await old.api.ok('getUserInfo')).Status).toBe('Active')
    expect(await code('cwpstartResetUser', { ...carol, UserName: 'Carola' })).toBe('M0150')
    expect(await code('cwpstartResetUser', { UserID: bob.id })).toBe('M0117')
    expect(await code('cwpstartResetUser', { UserID: 'nobody@example.com' })).toBe('M0110')
    const pending = await start(old.api, 'cwpstartRenameGroup', { OldName: 'owner', NewName: 'board' })
    await old.approve(pending)
    expect((await admin.ok('cwpgetOperationApprovalStatus', { params: { operationID: pending } })).ApprovedBy).toEqual([
      carol.UserID,
    ])
    await done('cwpstartResetUser', { UserID: carol.UserID }, alice, bob)
    expect((await admin.ok('cwpgetUserById', { body: { ID: carol.UserID } })).Active).toBe(false)
    const { ApprovedBy } = await admin.ok('cwpgetOperationApprovalStatus', { params: { operationID: pending } })
    expect(ApprovedBy).toEqual([])
    await old.api.refused('getUserInfo', 401)
    expect(await code('cwpstartResetUser', { UserID: carol.UserID })).toBe('M0114')
    const fresh = site.api((await admin.ok('createSystemUserEndpoint', { body: own })).ApiKey)
    expect((await fresh.ok('getUserInfo')).Status).toBe('PendingOnboarding')
    await admin.ok('cwpcancelOperationDelete', { params: { operationID: pending } })
  })

  it('delete user: gone from groups and lists, known by number; comes back as the same number', async () => {
    const number = await numberOf(carol.UserID)
    await admin.ok('cwpcreateGroup', { body: { Name: 'desk' } })
    await done('cwpstartUpdateGroup', { Group: 'desk', AddUsers: [carol.UserID, alice.id] }, alice, bob)
    const members = async (GroupName: string) =>
      (await admin.ok('cwplistGroupMembers', { body: { GroupName } })).map(user => user.ID)
    expect(await members('desk')).toEqual([alice.id, carol.UserID])
    const { ApiKey } = await admin.ok('createSystemUserEndpoint', { body: own })
    expect(await code('cwpstartDeleteUser', { UserID: alice.id })).toBe('M0117')
    await done('cwpstartDeleteUser', carol, alice, bob)
    expect(await members('desk')).toEqual([alice.id])
    expect((await admin.ok('cwplistUsers')).map(user => user.ID)).not.toContain(carol.UserID)
    const shown = (await admin.ok('getAllUsers', { query: {} })).Users.find(user => user.Id === number)
    expect(shown).toMatchObject({ IdpUserId: carol.UserID, State: 'Deleted' })
    await site.api(ApiKey).refused('getUserInfo', 401)
    expect(await code('cwpstartDeleteUser', carol)).toBe('M0110')
    await done('cwpstartRegisterUser', carol)
    expect(await numberOf(carol.UserID)).toBe(number)
    await site.api(ApiKey).refused('getUserInfo', 401)
  })

  it('rename group: in restrictions too', async () => {
    const desk = { RestrictionID: 'desk', Approvers: [{ Groups: ['desk'], RequiredApprovers: 1 }] }
    await done('cwpstartUpdateTransactionRestriction', { Add: { ...desk, Symbol: { Only: ['XYZ'] } } }, alice, bob)
    expect(await code('cwpstartRenameGroup', { OldName: 'none', NewName: 'x' })).toBe('M0112')
    expect(await code('cwpstartRenameGroup', { OldName: 'desk', NewName: 'owner' })).toBe('M0113')
    await done('cwpstartRenameGroup', { OldName: 'desk', NewName: 'trading desk' }, alice, bob)
    expect(await admin.ok('cwpgetAllGroupMembers')).toEqual({ owner: [...OWNERS], 'trading desk': [alice.id] })
    expect((await admin.ok('cwpgetTransactionRestrictions'))[0]?.Approvers?.[0]?.Groups).toEqual(['trading desk'])
    expect(await code('cwplistGroupMembers', { GroupName: 'desk' })).toBe('M0112')
  })
})

describe('policy', () => {
  const rule = { RestrictionID: 'desk too', Approvers: [{ Groups: ['trading desk'], RequiredApprovers: 1 }] }

  it('config restrictions govern what they list', async () => {
    const types = await admin.ok('cwpgetOperationTypesForConfig')
    expect(types).toEqual(expect.arrayContaining(['register token', 'unregister chain', 'delete user']))
    expect(await code('cwpstartUpdateConfigRestriction', { Delete: rule })).toBe('M0170')
    expect(
      await code('cwpstartUpdateConfigRestriction', {
        Add: { ...rule, Approvers: [{ Groups: ['none'], RequiredApprovers: 1 }] },
      }),
    ).toBe('M0112')
    await done('cwpstartUpdateConfigRestriction', { Add: rule }, alice, bob)
    expect(await admin.ok('cwpgetConfigRestrictions')).toEqual([rule])
    const token = { CAIP19: `${DEV}/erc20:${RECIPIENT}`, Symbol: 'DRIP', Decimals: 6 }
    const id = await start(admin, 'cwpstartRegisterToken', token)
    expect((await admin.ok('cwpgetOperationApprovalStatus', { params: { operationID: id } })).PendingApprovals).toEqual(
      [alice.id],
    )
    await alice.approve(id)
    await site.succeeded(id)
    await done('cwpstartUpdateConfigRestriction', { Delete: { RestrictionID: rule.RestrictionID } }, alice, bob)
    expect(await admin.ok('cwpgetConfigRestrictions')).toEqual([])
  })

  it('policy restrictions govern every change of restrictions, their own included', async () => {
    const types = await admin.ok('cwpgetOperationTypesForPolicy')
    for (const kind of ['transaction', 'config', 'policy']) expect(types).toContain(`update ${kind} restriction`)
    expect(await code('cwpstartUpdatePolicyRestriction', { Add: { RestrictionID: 'nobody' } })).toBe('M0171')
    const many = [{ Groups: ['owner'], RequiredApprovers: 3 }]
    expect(await code('cwpstartUpdatePolicyRestriction', { Add: { ...rule, Approvers: many } })).toBe('M0117')
    const two = { RestrictionID: 'two', Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }] }
    await done('cwpstartUpdatePolicyRestriction', { Add: two }, alice, bob)
    expect(await admin.ok('cwpgetPolicyRestrictions')).toEqual([two])
    const id = await start(admin, 'cwpstartUpdatePolicyRestriction', { Delete: two })
    await alice.approve(id)
    expect((await site.status(id, 'Pending approval')).Status).toBe('Pending approval')
    await bob.approve(id)
    await site.succeeded(id)
  })

  it('lists transactions and the functions that they call', async () => {
    expect(await admin.ok('cwpgetOperationTypesForTransaction')).toEqual(['make transaction', 'generic signing'])
    const functions = await admin.ok('cwpgetRestrictionTransactionFunctionNames')
    expect(functions).toEqual(expect.arrayContaining(['transfer', 'contract call', 'raw digest']))
    const unknown = { RestrictionID: 'f', TransactionFunction: { Only: ['teleport'] } }
    expect(await code('cwpstartUpdateTransactionRestriction', { Add: unknown })).toBe('M0171')
  })

  it('update rates: bounds by the owner quorum, spot rates inside them free', async () => {
    const bounds = { Updates: [{ Asset: 'ETH', USDMin: 2000.5, USDMax: 4000 }] }
    const id = await start(admin, 'cwpstartUpdateRates', bounds)
    await alice.approve(id)
    expect((await site.status(id, 'Pending approval')).Status).toBe('Pending approval')
    await bob.approve(id)
    await site.succeeded(id)
    await done('cwpstartUpdateRates', { Updates: [{ Asset: 'ETH', USDRate: 3500 }] })
    const refused = async (...Updates: object[]) => code('cwpstartUpdateRates', { Updates })
    expect(await refused({ Asset: 'ETH', USDRate: 4000.01 })).toBe('M0200')
    expect(await refused({ Asset: 'BTC', USDMin: 2, USDMax: 1 })).toBe('M0200')
    expect(await refused({ Asset: 'USD', USDRate: 2 })).toBe('M0200')
    expect(await refused()).toBe('M0002')
    expect(await admin.refused('cwpstartUpdateRates', 400, { body: { Updates: [{ Asset: 'X', USDRate: -1 }] } }))
  })
})

describe('accounts', () => {
  it('vaults: accounts by number, in pages from 1, with balances', async () => {
    const get = { MasterKey: 'Default', Account: 'trading', CAIP2: DEV }
    const { Address } = await admin.ok('cwpgetAddressCAIP2', { body: get })
    await site.chain.fund(Address, 2n * 10n ** 18n)
    const page = (query: object) => admin.ok('getVaults', { query: { page: 1, pageSize: 10, ...query } as never })
    const all = await page({})
    expect([all.TotalCount, all.Vaults.map(vault => [vault.ID, vault.Name])]).toEqual([
      2,
      [
        [1, 'treasury'],
        [2, 'trading'],
      ],
    ])
    const { Vault } = await admin.ok('getVault', { params: { id: 2 } })
    expect(Vault).toEqual(all.Vaults[1])
    expect(Vault).toMatchObject({
      Balance: { OnChainUSD: '7000', AvailableUSD: '7000', PendingUSD: '0' },
      ColdVault: false,
      Hidden: false,
      State: 'VaultCreationSuccess',
    })
    expect(Vault.Assets[0]).toMatchObject({ CAIP19: ETHER, Amount: '2', USDAmount: '7000', Asset: 'ETH' })
    expect((await page({ pageSize: 1, page: 2 })).Vaults.map(vault => vault.ID)).toEqual([2])
    expect((await page({ page: 3 })).Vaults).toEqual([])
    expect((await page({ order_by: 'USD', order_direction: 'DESC' })).Vaults.map(vault => vault.ID)).toEqual([2, 1])
    expect((await page({ search_name: 'TRAD', partial: true })).Vaults.map(vault => vault.ID)).toEqual([2])
    expect((await page({ search_name: 'trad' })).TotalCount).toBe(0)
    expect((await page({ hidden: true })).Vaults).toEqual([])
    for (const query of [
      {},
      { page: 0, pageSize: 10 },
      { page: 1, pageSize: 1000 },
      { page: 1, pageSize: 1, order_by: 'x' },
    ])
      await admin.refused('getVaults', 400, { query })
    await admin.refused('getVault', 404, { params: { id: 99 } })
    await admin.refused('getVault', 400, { params: { id: 'x' } })
    const { Addresses } = await admin.ok('getAddressOfAsset', { params: { id: 2, caip19: ETHER } })
    expect(Addresses).toMatchObject([{ Address, AddressAvailableBalance: '2', AddressIndex: 0, MainAddress: true }])
    await admin.refused('getAddressOfAsset', 404, { params: { id: 99, caip19: ETHER } })
    await admin.refused('getAddressOfAsset', 404, { params: { id: 2, caip19: 'eip155:10/slip44:60' } })
    await admin.refused('getAddressOfAsset', 400, { params: { id: 2, caip19: 'ETH' } })
    expect(await admin.ok('cwpresolveAddress', { body: { Address } })).toMatchObject({ Account: 'trading', Index: 0 })
    await admin.refused('cwpresolveAddress', 404, { body: { Address: RECIPIENT } })
    const body = { MasterKey: 'Default', Account: 'trading', CAIP19: ETHER }
    for (const id of ['cwpgetOnChainBalance', 'cwpgetSpendableBalance'] as const) {
      expect((await admin.ok(id, { body })).Amount).toBe('2')
      await admin.refused(id, 404, { body: { ...body, Account: 'none' } })
    }
  })

  it('created by somebody say so, and keep their number', async () => {
    await start(alice.api, 'cwpstartCreateAccount', { Name: 'ops', MasterKey: 'Default' })
    await until('account', async () => (await admin.ok('cwplistAccounts')).length === 3)
    expect((await admin.ok('getVault', { params: { id: 3 } })).Vault).toMatchObject({
      Name: 'ops',
      CreatedBy: alice.id,
    })
  })

  it('cold wallet operations answer that it is not enabled', async () => {
    const bodies = [{ Name: 'Cold', ExternalPairingMessages: [{ Value: 'AA==' }] }, { MasterKey: 'Cold' }]
    for (const id of cold as StartId[]) {
      const refused = await admin.refused(id, 400, { body: id === 'cwpstartAttachMasterKey' ? bodies[0] : bodies[1] })
      expect(refused).toEqual({ code: 'M0202', message: expect.stringContaining('cold wallet is not enabled') })
    }
  })
})

describe('assets', () => {
  const chain = { ChainName: 'Backwater', CAIP19: 'eip155:777777/slip44:60', NativeAssetSymbol: 'BCK', TestNet: false }
  const token = { CAIP19: `eip155:777777/erc20:${RECIPIENT}`, Symbol: 'DRIP', Decimals: 6 }

  it('are registered, found and unregistered: tokens before their chain', async () => {
    await done('cwpstartRegisterCustomChain', chain)
    await done('cwpstartRegisterToken', token)
    expect(await code('cwpstartRegisterCustomChain', { ...chain, CAIP19: 'eip155:1/slip44:60' })).toBe('M0121')
    expect(await code('cwpstartRegisterToken', { ...token, Decimals: 7 })).toBe('M0123')
    const search = async (body: object) =>
      (await admin.ok('cwpsearchAssetInfos', { body } as never)).map(({ Symbol: symbol }) => symbol).sort()
    expect(await search({})).toEqual(['BCK', 'DRIP', 'DRIP', 'ETH'])
    expect(await search({ CAIP2: 'eip155:777777' })).toEqual(['BCK', 'DRIP'])
    expect(await search({ TestNetwork: true })).toEqual(['DRIP', 'ETH'])
    expect(await search({ TestNetwork: null, Symbol: 'DRIP', ChainName: 'Backwater' })).toEqual(['DRIP'])
    expect(await search({ CAIP19: token.CAIP19, TestNetwork: true })).toEqual([])
    await admin.refused('cwpsearchAssetInfos', 400, { body: { Ticker: 'ETH' } })
    expect((await admin.ok('cwplistTokens')).map(one => one.CAIP19)).toContain(token.CAIP19)
    expect(await code('cwpstartUnregisterChain', { CAIP2: 'eip155:777777' })).toBe('M0201')
    await done('cwpstartUnregisterToken', { CAIP19: token.CAIP19.toLowerCase() })
    expect(await code('cwpstartUnregisterToken', { CAIP19: token.CAIP19 })).toBe('M0122')
    await done('cwpstartUnregisterChain', { CAIP2: 'eip155:777777' })
    expect(await code('cwpstartUnregisterChain', { CAIP2: 'eip155:777777' })).toBe('M0120')
    expect(await search({})).toEqual(['DRIP', 'ETH'])
  })

  it('that an open operation moves stay', async () => {
    const body = { Source: treasury, Destination: [{ Address: RECIPIENT, Amount: '1' }], CAIP19: ETHER }
    const id = await start(alice.api, 'cwpstartMakeTransaction', body)
    await done('cwpstartUnregisterToken', { CAIP19: `${DEV}/erc20:${RECIPIENT}` })
    expect(await code('cwpstartUnregisterChain', { CAIP2: DEV })).toBe('M0201')
    await admin.ok('cancelOperation', { params: { id } })
  })
})

describe('operations', () => {
  it('generic signing: a message that any verifier accepts', async () => {
    const { Address } = await admin.ok('cwpgetAddressCAIP2', {
      body: { MasterKey: 'Default', Account: 'treasury', CAIP2: DEV },
    })
    const body = { Asset: 'ETH', DataToSign: 'A word.', TypeOfSigning: 'personal_sign', Source: treasury }
    const id = await start(alice.api, 'cwpstartGenericSigning', body)
    await alice.approve(id)
    const { Result } = await site.succeeded(id)
    const signature = Buffer.from(Result?.GenericSignature?.Signature ?? '', 'base64').toString('hex')
    expect(verifyMessage('A word.', `0x${signature}`)).toBe(Address)
    await alice.api.refused('cwpstartGenericSigning', 400, { body: { ...body, TypeOfSigning: 'smoke' } })
  })

  it('three ways to cancel: 404 for an unknown operation, 409 for a final one', async () => {
    for (const [id, name, body] of [
      ['cwpcancelOperationDelete', 'operationID', undefined],
      ['cwpcancelOperation', 'operationID', { cancelledBy: alice.id }],
      ['cancelOperation', 'id', undefined],
    ] as const) {
      const operation = await start(admin, 'cwpstartRenameGroup', { OldName: 'trading desk', NewName: 'x' })
      await admin.ok(id, { params: { [name]: operation }, ...(body && { body }) } as never)
      expect(await site.failed(operation)).toMatchObject({ code: 'M0182' })
      await admin.refused(id, 409, { params: { [name]: operation }, body })
      await admin.refused(id, 404, { params: { [name]: 'no-such-operation' }, body })
    }
  })

  it('events: one for each change of status, and for each new device', async () => {
    const id = await start(admin, 'cwpstartRenameGroup', { OldName: 'trading desk', NewName: 'floor' })
    for (const person of [alice, bob]) await person.approve(id)
    await site.succeeded(id)
    const about = () => events.filter(({ Payload }) => 'OperationID' in Payload && Payload.OperationID === id)
    await until('events', () => about().length >= 2)
    expect(about()[0]).toEqual({
      Type: 'operation_status_update',
      Payload: { OperationID: id, OperationType: 'rename group' },
    })
    const onboarded = { Type: 'approver_onboarded', Payload: { UserID: carol.UserID } }
    expect(events).toContainEqual(onboarded)
    expect((await admin.refused('cwpsubscribeToEvents', 400)).message).toMatch(/WebSocket/)
  })
})

describe('the contract', () => {
  it('has no row that was not seen to succeed and to refuse', () => {
    const seen = (id: string, kind: (status: number) => boolean) =>
      site.seen.some(answer => answer.operationId === id && kind(answer.status))
    // The stream of events was read by the client, which keeps no account of answers.
    const succeeded = (id: string) => cold.includes(id) || id === 'cwpsubscribeToEvents' || seen(id, s => s < 300)
    expect(should.filter(id => !succeeded(id))).toEqual([])
    const open = (id: OperationId) => routes[id].access === 'public'
    expect(should.filter(id => !open(id) && !seen(id, s => s >= 400 && s !== 401))).toEqual([
      // Reads without a parameter have nothing to refuse but a stranger.
      'cwpgetConfigRestrictions',
      'cwpgetPolicyRestrictions',
      'cwpgetOperationTypesForConfig',
      'cwpgetOperationTypesForPolicy',
      'cwpgetOperationTypesForTransaction',
      'cwpgetRestrictionTransactionFunctionNames',
      'cwplistTokens',
    ])
    expect(should.filter(id => !open(id) && !seen(id, s => s === 401))).toEqual([])
    expect(site.seen.filter(answer => answer.status >= 500)).toEqual([])
  })
})
