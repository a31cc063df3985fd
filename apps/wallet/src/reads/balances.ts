import type { ExactBodyOf, ExactResponseOf } from '@trivault/api-contract'
import { ChainClientError, type ChainClients, type EvmClient } from '@trivault/chain-clients'
import { formatUnits, parseCaip19 } from '@trivault/chains'
import { VaultError, vaultErrors } from '@trivault/protocol'
import {
  type Address,
  accountOf,
  assetOf,
  type Operation,
  partCount,
  type RegisteredChain,
  transactionRequest,
  type VaultState,
} from '@trivault/vault-state'
import { ServiceError } from '../service.ts'
import type { WalletView } from '../view.ts'
import { serviceError } from './errors.ts'

type Request = ExactBodyOf<'cwpgetOnChainBalance'>
type Balance = ExactResponseOf<'cwpgetOnChainBalance'>

interface Holding {
  caip19: string
  symbol: string
  decimals: number
  chain: RegisteredChain
  addresses: Address[]
}

const simultaneous = 8

/**
 * Sum over an account's addresses; an empty Amount when the chain does not answer. Throws `ServiceError` not-found for what the
 * vault does not know, bad-request when the chain's RPC URL is not configured.
 */
export async function onChainBalanceOf(state: VaultState, chains: ChainClients, request: Request): Promise<Balance> {
  const holding = holdingOf(state, request)
  return answer(holding, await balanceOf(holding, chains))
}

/** The balance less what approved transactions of the account may still take, never below zero. */
export async function spendableBalanceOf(view: WalletView, chains: ChainClients, request: Request): Promise<Balance> {
  const holding = holdingOf(view.state(), request)
  const balance = await balanceOf(holding, chains)
  if (balance === undefined) return answer(holding, undefined)
  const left = balance - reservedOf(view, holding)
  return answer(holding, left > 0n ? left : 0n)
}

/** What an account has and may spend of an asset, in smallest units; undefined when the chain does not tell. */
export async function accountBalanceOf(
  view: WalletView,
  chains: ChainClients,
  request: Request,
): Promise<{ onChain: bigint; spendable: bigint } | undefined> {
  const holding = holdingOf(view.state(), request)
  try {
    const onChain = await balanceOf(holding, chains)
    if (onChain === undefined) return undefined
    const left = onChain - reservedOf(view, holding)
    return { onChain, spendable: left > 0n ? left : 0n }
  } catch (error) {
    if (error instanceof ServiceError) return undefined
    throw error
  }
}

/** Every address of an account that can hold an asset, with its balance: empty when the chain does not tell. */
export async function addressBalancesOf(
  state: VaultState,
  chains: ChainClients,
  request: Request,
): Promise<{ address: Address; balance: string }[]> {
  const { addresses, ...holding } = holdingOf(state, request)
  const out: { address: Address; balance: string }[] = []
  for (const address of addresses.sort((a, b) => a.index - b.index)) {
    const amount = await balanceOf({ ...holding, addresses: [address] }, chains).catch((error: unknown) => {
      if (error instanceof ServiceError) return undefined
      throw error
    })
    out.push({ address, balance: amount === undefined ? '' : formatUnits(amount, holding.decimals) })
  }
  return out
}

function holdingOf(state: VaultState, { MasterKey, Account, CAIP19 }: Request): Holding {
  try {
    const { chain, symbol, decimals } = assetOf(state, CAIP19)
    accountOf(state, MasterKey, Account)
    const addresses = state.addresses
      .values()
      .filter(
        ({ masterKey, account, slip44 }) => masterKey === MasterKey && account === Account && slip44 === chain.slip44,
      )
    return { caip19: parseCaip19(CAIP19).caip19, symbol, decimals, chain, addresses }
  } catch (error) {
    if (error instanceof VaultError) throw serviceError(error)
    throw error
  }
}

function answer({ caip19, symbol, decimals, chain }: Holding, amount: bigint | undefined): Balance {
  const Amount = amount === undefined ? '' : formatUnits(amount, decimals)
  return { CAIP19: caip19, Symbol: symbol, ChainName: chain.name, Amount }
}

async function balanceOf({ caip19, chain, addresses }: Holding, chains: ChainClients): Promise<bigint | undefined> {
  const asset = parseCaip19(caip19)
  const ask = (client: EvmClient, owner: string): Promise<bigint> =>
    asset.kind === 'token' ? client.tokenBalance(asset.address, owner) : client.balance(owner)
  try {
    const client = chains.evm(chain)
    let sum = 0n
    for (let i = 0; i < addresses.length; i += simultaneous) {
      const page = addresses.slice(i, i + simultaneous)
      const amounts = await Promise.all(page.map(({ address }) => ask(client, address)))
      sum = amounts.reduce((total, amount) => total + amount, sum)
    }
    return sum
  } catch (error) {
    if (!(error instanceof ChainClientError)) throw error
    if (error.code !== 'rpc_not_configured' && error.code !== 'rpc_url_malformed') return undefined
    throw new ServiceError('bad-request', error.message, { errorCode: vaultErrors['rpc-not-configured'] })
  }
}

/** Amounts and fee ceilings of executed transactions that the chain has not confirmed. */
function reservedOf(view: WalletView, holding: Holding): bigint {
  const state = view.state()
  const own = new Set(holding.addresses.map(({ address }) => address))
  return state.operations
    .values()
    .filter(({ phase }) => phase === 'executing' || phase === 'succeeded')
    .reduce((sum, operation) => sum + reservedBy(view, state, operation, own, holding), 0n)
}

function reservedBy(
  view: WalletView,
  state: VaultState,
  operation: Operation,
  own: ReadonlySet<string>,
  { caip19, chain }: Holding,
): bigint {
  const { intent } = operation
  // Raw transactions are signed only: whether they are sent is not the wallet's business.
  if (intent.OperationType !== 'make transaction' || intent.RawTransaction !== undefined) return 0n
  if (!own.has(intent.Source.Address) || parseCaip19(intent.CAIP19).caip2 !== chain.caip2) return 0n
  // A token may have been unregistered since: its amounts have no unit any more, and what is signed is out of our hands.
  if (intent.CAIP19 !== chain.nativeAsset && !state.tokens.has(intent.CAIP19)) return 0n
  const request = transactionRequest(state, intent)
  if (request.kind === 'raw') return 0n
  const ended = view
    .deliveries(operation.id)
    .filter(({ status }) => status === 'confirmed' || status === 'rejected')
    .map(({ part }) => part)
  const open = Array.from({ length: partCount(intent) }, (_, part) => part).filter(part => !ended.includes(part))
  const amounts =
    intent.CAIP19 === caip19 ? open.reduce((sum, part) => sum + (request.destinations[part]?.amount ?? 0n), 0n) : 0n
  if (caip19 !== chain.nativeAsset) return amounts
  return amounts + request.gas * request.maxFeePerGas * BigInt(open.length)
}
