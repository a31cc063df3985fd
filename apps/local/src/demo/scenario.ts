import { encodeTransaction, formatHex } from '@trivault/chains'
import { type Client, createClient } from '@trivault/client'
import { erc20CreationCode } from '@trivault/testkit'
import type { Vault } from '../vault.ts'
import { Approver, finished } from './actors.ts'
import { DevChain } from './chain.ts'
import type { Steps } from './steps.ts'

export const DEV = 'eip155:31337'
export const ETHER = `${DEV}/slip44:60`
const alice = 'alice@demo.example'
const bob = 'bob@demo.example'
const treasury = { MasterKeyName: 'Default', AccountName: 'treasury' }
const recipient = '0x00000000000000000000000000000000000000AA'

/** The people, accounts and connections of the demonstration. */
export interface Cast {
  vault: Vault
  steps: Steps
  chain: DevChain
  admin: Client
  alice: Approver
  bob: Approver
  address: string
}

function urlOf(value: string | null): string {
  if (value === null) throw new Error('the vault does not serve everything yet')
  return value
}

/** Set-up, pairing, an account, and money on it. */
export async function found(vault: Vault, steps: Steps): Promise<Cast> {
  const { api, evmRpc, bootstrapApiKey } = vault.endpoints
  const baseUrl = urlOf(api)
  const chain = new DevChain(urlOf(evmRpc))
  const admin = createClient({ baseUrl, apiKey: urlOf(bootstrapApiKey) })
  const body = {
    Users: [
      { ID: alice, Name: 'Alice' },
      { ID: bob, Name: 'Bob' },
    ],
    Group: 'owner',
    ApprovalsRequired: 2,
    MasterKeysAndAccounts: { Default: ['treasury'] },
    Assets: { CAIP2s: [DEV] },
  }
  steps.heading('Founding')
  await steps.run('tenant set-up: two owners, one master key made by the three nodes, backed up to the ERS key', () =>
    admin.call('setupDefaultTenant', { body }),
  )
  await steps.refused('a second set-up', /already populated|400/, () => admin.call('setupDefaultTenant', { body }))
  const people = await steps.run('pair two approvers (the vault seals itself)', async () => {
    const pair = [await Approver.enrol(alice, baseUrl, admin), await Approver.enrol(bob, baseUrl, admin)] as const
    for (const person of pair) await person.pair()
    return pair
  })
  await steps.run('create the account "operations"', async () =>
    finished(admin, await admin.start('createAccount', { Name: 'operations', MasterKey: 'Default' })),
  )
  const { Address: address } = await steps.run(
    'deposit address of "treasury"',
    () => admin.call('cwpgetAddressCAIP2', { body: { MasterKey: 'Default', CAIP2: DEV, Account: 'treasury' } }),
    ({ Address }) => Address,
  )
  await steps.run('fund it with 10 ETH on the dev chain', () => chain.fund(address, 10n ** 19n))
  const cast = { vault, steps, chain, admin, alice: people[0], bob: people[1], address }
  await steps.run('restriction: whatever leaves "Default" needs two owners (approved by both)', () => restrict(cast))
  return cast
}

async function restrict({ alice: initiator, bob: second }: Cast): Promise<void> {
  const id = await initiator.client.start('updateTransactionRestriction', {
    Add: {
      RestrictionID: 'two owners',
      Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
      Source: { Only: [{ MasterKeyName: 'Default' }] },
    },
  })
  await initiator.approve(id)
  await second.approve(id)
  await finished(initiator.client, id)
}

/** A transfer all the way: POST, two signatures of people, three verdicts, one signature of the vault, the chain. */
export async function transfer(cast: Cast): Promise<void> {
  const { steps, chain, alice: initiator, bob: second } = cast
  steps.heading('A transfer of 0.25 ETH')
  const before = await chain.balance(recipient)
  const id = await steps.run('start', () => startTransfer(cast, '0.25'))
  await steps.run('the initiator confirms', () => initiator.approve(id))
  await steps.run(
    'three verdicts of the nodes, signed and equal',
    async () => {
      const { Verdicts } = await initiator.client.call('trivaultOperationVerdicts', { params: { operationID: id } })
      const effects = new Set(Verdicts.map(({ EffectsHash }) => EffectsHash))
      if (Verdicts.length !== 3 || effects.size !== 1) throw new Error('the nodes do not agree')
      return Verdicts[0]
    },
    verdict => `${verdict?.Grade}; needs ${verdict?.Needs.join(', ')}; waits for ${verdict?.Unmet.join(', ')}`,
  )
  const began = performance.now()
  await steps.run('the second owner approves', () => second.approve(id))
  const status = await steps.run(
    'the three nodes sign, the wallet broadcasts',
    () => finished(initiator.client, id),
    ({ Result }) => `${Result?.Transaction?.ID} ${Math.round(performance.now() - began)} ms after the last approval`,
  )
  await steps.run(
    'confirmed on the chain',
    async () => {
      const receipt = await chain.receipt(status.Result?.Transaction?.ID ?? '')
      const gained = (await chain.balance(recipient)) - before
      if (gained !== 25n * 10n ** 16n) throw new Error(`the recipient got ${gained} wei`)
      return receipt
    },
    receipt => `block ${Number(receipt.blockNumber)}`,
  )
}

export async function startTransfer({ alice: initiator }: Cast, Amount: string): Promise<string> {
  return initiator.client.start('makeTransaction', {
    Source: treasury,
    Destination: [{ Address: recipient, Amount }],
    CAIP19: ETHER,
  })
}

/** Deploys a token by a raw transaction, and moves it through call data. */
export async function token(cast: Cast): Promise<void> {
  const { steps, chain, alice: initiator, address } = cast
  steps.heading('An ERC-20 token')
  const data = erc20CreationCode({ name: 'Demo Dollar', symbol: 'DEMO', decimals: 6, supply: 1_000_000n * 10n ** 6n })
  const signed = await steps.run('deploy: raw transaction, approved by both, signed by the nodes', async () => {
    const unsigned = encodeTransaction({
      transactionType: 2,
      chainId: 31337,
      nonce: await chain.nonce(address),
      gas: 2_000_000n,
      maxFeePerGas: 2n * (await chain.gasPrice()) + 10n ** 9n,
      maxPriorityFeePerGas: 10n ** 9n,
      to: null,
      value: 0n,
      data,
    })
    const id = await initiator.client.start('makeTransaction', {
      Source: treasury,
      RawTransaction: formatHex(unsigned),
    })
    await approveByBoth(cast, id)
    const status = await finished(initiator.client, id)
    return status.Result?.Transaction?.SignedTransaction ?? ''
  })
  const contract = await steps.run(
    'send it to the chain',
    async () => {
      const receipt = await chain.receipt(await chain.rpc<string>('eth_sendRawTransaction', signed))
      return receipt.contractAddress ?? ''
    },
    at => `contract ${at}`,
  )
  await steps.run('register the token', async () => {
    const body = { CAIP19: `${DEV}/erc20:${contract}`, Symbol: 'DEMO', Decimals: 6 }
    await finished(initiator.client, await initiator.client.start('registerToken', body))
  })
  await steps.run('move 12.5 DEMO as a token transfer', async () => {
    const id = await initiator.client.start('makeTransaction', {
      Source: treasury,
      Destination: [{ Address: recipient, Amount: '12.5' }],
      CAIP19: `${DEV}/erc20:${contract}`,
    })
    await approveByBoth(cast, id)
    const status = await finished(initiator.client, id)
    await chain.receipt(status.Result?.Transaction?.ID ?? '')
  })
  await steps.run(
    'move 1 DEMO through call data',
    async () => {
      const id = await initiator.client.start('makeTransaction', {
        Source: treasury,
        Destination: [{ Address: contract, Amount: '0' }],
        CAIP19: ETHER,
        EVM: { Data: `0xa9059cbb${word(recipient)}${word(`0x${(10n ** 6n).toString(16)}`)}` },
      })
      await approveByBoth(cast, id)
      const status = await finished(initiator.client, id)
      await chain.receipt(status.Result?.Transaction?.ID ?? '')
      const balance = BigInt(
        await chain.rpc<string>('eth_call', { to: contract, data: `0x70a08231${word(recipient)}` }, 'latest'),
      )
      if (balance !== 13_500_000n) throw new Error(`the recipient has ${balance} units`)
      return balance
    },
    balance => `the recipient now has ${Number(balance) / 1e6} DEMO`,
  )
}

const word = (hex: string): string => hex.slice(2).toLowerCase().padStart(64, '0')

export async function approveByBoth({ alice: initiator, bob: second }: Cast, id: string): Promise<void> {
  await initiator.approve(id)
  await second.approve(id)
}
