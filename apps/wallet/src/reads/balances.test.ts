import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Anvil, startAnvil } from '@trivault/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byAlice, ether, TestWallet, to, valid } from '../../test/reads.ts'

const dev = 'eip155:31337'
const treasury = { MasterKey: 'Default', Account: 'treasury', CAIP19: ether }
const fund = async (url: string, address: string, wei: bigint): Promise<void> => {
  const body = { jsonrpc: '2.0', id: 1, method: 'anvil_setBalance', params: [address, `0x${wei.toString(16)}`] }
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.ok).toBe(true)
}

let anvil: Anvil
beforeAll(async () => {
  anvil = await startAnvil()
})
afterAll(() => anvil.stop())

async function funded(): Promise<TestWallet> {
  const wallet = new TestWallet()
  wallet.vault.apply({
    type: 'allocateAddress',
    masterKey: 'Default',
    account: 'treasury',
    caip2: dev,
    index: 1,
  })
  const ofChain = wallet.vault.state.addresses.values().filter(({ slip44 }) => slip44 === 60)
  const [first, second] = ofChain.sort((a, b) => a.index - b.index)
  await fund(anvil.url, first?.address ?? '', 2n * 10n ** 18n)
  await fund(anvil.url, second?.address ?? '', 5n * 10n ** 17n)
  return wallet
}

describe('balances', () => {
  it('are sums over the addresses of an account, in major units', async () => {
    const reads = (await funded()).reads({ [dev]: anvil.url })
    expect(valid('cwpgetOnChainBalance', await reads.onChainBalance(treasury))).toEqual({
      CAIP19: ether,
      Symbol: 'ETH',
      ChainName: 'Local dev chain',
      Amount: '2.5',
    })
  })

  it('that can be spent are less by what is executed and not confirmed', async () => {
    const wallet = await funded()
    const { vault } = wallet
    const spendable = async () =>
      valid('cwpgetSpendableBalance', await wallet.reads({ [dev]: anvil.url }).spendableBalance(treasury)).Amount
    const destinations = [
      { Address: to, Amount: '0.25' },
      { Address: to, Amount: '1' },
    ]
    const id = vault.start(vault.transferIntent(destinations, byAlice))
    expect(await spendable()).toBe('2.5')
    vault.approve(id, wallet.alice)
    vault.execute(id)
    // The fee ceiling of a part: 21000 gas at 2 gwei.
    expect(await spendable()).toBe('1.249916')
    vault.apply(vault.signature(id))
    vault.execute(id, { part: 1 })
    vault.apply(vault.signature(id, { part: 1 }))
    wallet.deliver(id, 'sent')
    expect(await spendable()).toBe('1.249916')
    wallet.deliver(id, 'confirmed')
    expect(await spendable()).toBe('1.499958')
    wallet.deliver(id, 'rejected', { part: 1 })
    expect(await spendable()).toBe('2.5')
    const all = vault.start(vault.transferIntent([{ Address: to, Amount: '2.5' }], byAlice))
    vault.approve(all, wallet.alice)
    vault.execute(all)
    expect(await spendable()).toBe('0')
  })

  it('are empty when the chain does not answer, or answers nonsense', async () => {
    const server: Server = createServer((_request, response) => response.end('nonsense'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const wallet = new TestWallet()
    try {
      for (const url of [`http://127.0.0.1:${port}`, 'http://127.0.0.1:1']) {
        const reads = wallet.reads({ [dev]: url })
        expect(valid('cwpgetOnChainBalance', await reads.onChainBalance(treasury)).Amount).toBe('')
        expect((await reads.spendableBalance(treasury)).Amount).toBe('')
      }
    } finally {
      server.close()
    }
  })

  it('of an address that holds no token contract are empty', async () => {
    const wallet = new TestWallet()
    const CAIP19 = `${dev}/erc20:${to}`
    wallet.vault.execute(
      wallet.vault.start(wallet.vault.intent('register token', { CAIP19, Symbol: 'U', Decimals: 6 })),
    )
    const reads = wallet.reads({ [dev]: anvil.url })
    const balance = valid('cwpgetOnChainBalance', await reads.onChainBalance({ ...treasury, CAIP19 }))
    expect(balance).toMatchObject({ Symbol: 'U', Amount: '' })
  })

  it('need the setting of the RPC URL', async () => {
    const reads = new TestWallet().reads()
    const error = {
      code: 'bad-request',
      errorCode: 'M0192',
      message: expect.stringContaining('chains["eip155:31337"].rpcUrl'),
    }
    await expect(reads.onChainBalance(treasury)).rejects.toMatchObject(error)
    await expect(reads.spendableBalance(treasury)).rejects.toMatchObject(error)
  })

  it('of what the vault does not know are not found; what is no asset is told', async () => {
    const reads = new TestWallet().reads({ [dev]: anvil.url })
    for (const change of [
      { Account: 'none' },
      { MasterKey: 'None' },
      { CAIP19: 'eip155:1/slip44:60' },
      { CAIP19: `${dev}/erc20:${to}` },
      { CAIP19: `${dev}/slip44:1` },
    ]) {
      await expect(reads.onChainBalance({ ...treasury, ...change })).rejects.toMatchObject({ code: 'not-found' })
      await expect(reads.spendableBalance({ ...treasury, ...change })).rejects.toMatchObject({ code: 'not-found' })
    }
    for (const CAIP19 of ['x', 'cosmos:hub/slip44:118', `${dev}/erc20:0x12`])
      await expect(reads.onChainBalance({ ...treasury, CAIP19 })).rejects.toMatchObject({ code: 'bad-request' })
  })
})
