import { describe, expect, it } from 'vitest'
import { byAlice, ether, TestWallet, valid } from '../../test/reads.ts'

function populated(): TestWallet {
  const wallet = new TestWallet()
  const { vault } = wallet
  vault.apply({ type: 'registerChain', by: '', caip2: 'eip155:1' })
  vault.apply({ type: 'registerChain', by: '', caip2: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp' })
  for (const Name of ['trading', 'ops'])
    vault.execute(vault.start(vault.intent('create account', { Name, MasterKey: 'Default' }, byAlice)))
  return wallet
}

describe('vaults', () => {
  it('say nothing of balances that no chain tells, and are there all the same', async () => {
    const reads = populated().reads()
    const { Vaults, TotalCount } = valid('getVaults', await reads.vaults({ page: 1, pageSize: 2 }))
    expect([TotalCount, Vaults.map(({ ID, Name, CreatedBy }) => [ID, Name, CreatedBy])]).toEqual([
      3,
      [
        [1, 'treasury', 'bootstrap@system.trivault'],
        [2, 'trading', 'alice@example.com'],
      ],
    ])
    const [first] = Vaults
    expect(first?.Balance).toEqual({ AvailableUSD: '', OnChainUSD: '', PendingUSD: '' })
    expect(first?.Assets.map(({ Amount }) => Amount)).toEqual(['', '', ''])
    expect(first?.Assets.every(asset => !('USDAmount' in asset))).toBe(true)
    const { Addresses } = valid('getAddressOfAsset', await reads.vaultAddresses(1, ether))
    expect(Addresses.map(address => [address.AddressIndex, address.AddressAvailableBalance])).toEqual([[0, '']])
  })

  it('come in the order that is asked for, page by page', async () => {
    const reads = populated().reads()
    const ids = async (query: object) =>
      (await reads.vaults({ page: 1, pageSize: 10, ...query })).Vaults.map(({ ID }) => ID)
    expect(await ids({ order_direction: 'DESC' })).toEqual([3, 2, 1])
    expect(await ids({ order_direction: 'DESC', page: 2, pageSize: 2 })).toEqual([1])
    expect(await ids({ search_name: 'ops' })).toEqual([3])
    expect(await ids({ search_name: 'TR', partial: true })).toEqual([1, 2])
    await expect(reads.vault(4)).rejects.toMatchObject({ code: 'not-found' })
  })
})
