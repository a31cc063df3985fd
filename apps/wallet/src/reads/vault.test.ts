import { parseJson, toBase64, toHex } from '@trivault/codec'
import { genesisJson, vaultIdOf } from '@trivault/protocol'
import { ersKey, TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { ether, publicConfig, TestWallet, to, valid } from '../../test/reads.ts'

describe('configuration', () => {
  it('tells clients where to sign in', async () => {
    expect(valid('viewConfig', await new TestWallet().reads().config())).toMatchObject({
      OAuthDomain: publicConfig.issuer,
      OAuthAudience: publicConfig.audience,
      HostURL: publicConfig.publicUrl,
      Version: '1.2.3',
    })
  })

  it('knows main networks and whether a backup was taken', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const tenant = async () => valid('viewTenantConfig', await wallet.reads().tenantConfig())
    expect(await tenant()).toMatchObject({ IsTestnet: true, MasterKeyBackupPerformed: false })
    vault.apply({ type: 'registerChain', by: '', caip2: 'eip155:1' })
    const id = vault.start(vault.intent('backup master key', { Name: 'Default' }))
    expect(await tenant()).toMatchObject({ IsTestnet: false, MasterKeyBackupPerformed: false })
    vault.approve(id, wallet.alice)
    vault.execute(id)
    expect(await tenant()).toMatchObject({ MasterKeyBackupPerformed: true })
  })

  it('works before the set-up', async () => {
    const reads = new TestWallet(new TestVault()).reads()
    valid('viewTenantConfig', await reads.tenantConfig())
    expect(valid('cwplistUsers', await reads.listUsers())).toEqual([])
    expect(valid('cwpgetAllGroupMembers', await reads.groups())).toEqual({})
    expect(valid('cwplistAccounts', await reads.listAccounts())).toEqual([])
    expect(valid('cwpsearchOperationInfos', await reads.searchOperations({}))).toEqual({
      Infos: [],
      PaginationToken: '',
    })
  })
})

describe('restrictions', () => {
  it('come back as they were made', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const Add = {
      RestrictionID: 'large',
      Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
      Amount: { Above: '1000.5', Currency: 'USD' },
      Destination: { Except: [{ Address: to }] },
      ExternalDestination: {},
      TestNetwork: false,
    }
    const id = vault.start(vault.intent('update transaction restriction', { Add }))
    vault.approve(id, wallet.alice)
    vault.execute(id)
    const reads = wallet.reads()
    expect(valid('cwpgetTransactionRestrictions', await reads.transactionRestrictions())).toEqual([Add])
    expect(valid('cwpgetConfigRestrictions', await reads.configRestrictions())).toEqual([])
    expect(valid('cwpgetPolicyRestrictions', await reads.policyRestrictions())).toEqual([])
  })

  it('govern each operation type in one way', async () => {
    const reads = new TestWallet().reads()
    const kinds = ['config', 'policy', 'transaction'] as const
    const types = await Promise.all(kinds.map(kind => reads.restrictionOperationTypes(kind)))
    expect(types[2]).toEqual(['make transaction', 'generic signing'])
    expect(new Set(types.flat()).size).toBe(types.flat().length)
    expect(await reads.transactionFunctionNames()).toContain('token transfer')
  })
})

describe('accounts and assets', () => {
  it('are listed', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const CAIP19 = `eip155:31337/erc20:${to}`
    vault.execute(vault.start(vault.intent('register token', { CAIP19, Symbol: 'USDX', Decimals: 6 })))
    const reads = wallet.reads()
    expect(valid('cwplistAccounts', await reads.listAccounts())).toEqual([
      { Name: 'treasury', MasterKey: 'Default', IsExternal: false },
    ])
    expect(valid('cwplistChains', await reads.listChains())).toEqual([
      { ChainName: 'Local dev chain', TestNet: true, CAIP2: 'eip155:31337' },
    ])
    const tokens = valid('cwplistTokens', await reads.listTokens())
    expect(tokens.map(token => [token.CAIP19, token.Symbol, token.Decimals])).toEqual([
      [ether, 'ETH', 18],
      [CAIP19, 'USDX', 6],
    ])
  })

  it('own their addresses, in any letters', async () => {
    const wallet = new TestWallet()
    wallet.vault.apply({
      type: 'allocateAddress',
      masterKey: 'Default',
      account: 'treasury',
      caip2: 'eip155:31337',
      index: 1,
    })
    const own = wallet.vault.state.addresses.values().find(({ index }) => index === 1)?.address ?? ''
    const reads = wallet.reads()
    for (const text of [own, own.toLowerCase()])
      expect(valid('cwpresolveAddress', await reads.resolveAddress(text))).toEqual({
        MasterKey: 'Default',
        Account: 'treasury',
        Index: 1,
      })
    for (const text of [to, '', 'nonsense'])
      await expect(reads.resolveAddress(text)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('pinned ERS key may be set again', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const id = vault.start(vault.intent('set ers public key', { Key: toBase64(ersKey) }))
    vault.approve(id, wallet.bob)
    vault.execute(id)
    expect(valid('cwpgetOperationStatus', await wallet.reads().operationStatus(id))).toEqual({ Status: 'Succeeded' })
  })
})

describe('facts of the vault', () => {
  it('name the owner quorum, the master keys and the devices', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    expect(valid('trivaultVault', await wallet.reads().vaultFacts())).toMatchObject({
      OwnerGroup: vault.state.setup?.ownerGroup,
      OwnersRequired: vault.state.setup?.ownersRequired,
      SealedAt: expect.any(String),
      MasterKeys: [{ Name: 'Default', Status: 'active', BackedUp: true }],
    })
    const before = valid('trivaultDevices', await wallet.reads().devices())
    expect(before.filter(({ UserID, Active }) => UserID === wallet.bob.id && Active)).toHaveLength(1)
    const id = vault.start(vault.intent('reset user', { UserID: wallet.bob.id, UserName: 'Bob' }))
    vault.approve(id, wallet.alice)
    vault.execute(id)
    const after = await wallet.reads().devices()
    expect(after).toHaveLength(before.length)
    expect(after.at(-1)).toMatchObject({ UserID: wallet.bob.id, Active: false })
  })

  it('of an empty vault are what its genesis says', async () => {
    const pinned = valid('trivaultPins', await new TestWallet(new TestVault()).reads().pins())
    expect(toHex(vaultIdOf(genesisJson.read(parseJson(pinned.Pins))))).toBe(pinned.VaultID)
    const facts = valid('trivaultVault', await new TestWallet(new TestVault()).reads().vaultFacts())
    expect(facts).toMatchObject({ MasterKeys: [], Rates: [] })
    expect(facts.OwnerGroup).toBeUndefined()
  })
})
