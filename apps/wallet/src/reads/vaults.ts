import type { ExactResponseOf, QueryOf } from '@trivault/api-contract'
import type { ChainClients } from '@trivault/chain-clients'
import { formatUnits, parseCaip19 } from '@trivault/chains'
import { exceeds, parseDecimal, times } from '@trivault/policy'
import { type Account, bootstrapUser, type VaultState } from '@trivault/vault-state'
import { ServiceError } from '../service.ts'
import type { WalletView } from '../view.ts'
import { tokensOf } from './assets.ts'
import { accountBalanceOf, addressBalancesOf } from './balances.ts'

type Vault = ExactResponseOf<'getVault'>['Vault']
type Token = ReturnType<typeof tokensOf>[number]

/** Dollars are told to this many digits, rounded down. */
const dollarDigits = 6

/**
 * Accounts by pages; the first page is 1. Balances are asked for where they are shown, and for all accounts when these are to
 * be in the order of their worth.
 */
export async function vaultsOf(
  view: WalletView,
  chains: ChainClients,
  query: QueryOf<'getVaults'>,
): Promise<ExactResponseOf<'getVaults'>> {
  const { order_by = 'DATE', order_direction = 'ASC', page, pageSize } = query
  const found = view
    .state()
    .accounts.values()
    .filter(account => isWanted(account, query))
    .sort((a, b) => a.number - b.number)
  const shown = <T>(all: T[]): T[] =>
    (order_direction === 'ASC' ? all : all.reverse()).slice((page - 1) * pageSize, page * pageSize)
  const creators = creatorsOf(view.state())
  const told = async (accounts: Account[]): Promise<Vault[]> => {
    const vaults: Vault[] = []
    for (const account of accounts) vaults.push(await vault(view, chains, account, creators))
    return vaults
  }
  const worth = ({ Balance }: Vault) => parseDecimal(Balance.OnChainUSD === '' ? '0' : Balance.OnChainUSD)
  const Vaults =
    order_by === 'DATE'
      ? await told(shown(found))
      : shown(
          (await told(found)).sort((a, b) => (exceeds(worth(a), worth(b)) ? 1 : exceeds(worth(b), worth(a)) ? -1 : 0)),
        )
  return { TotalCount: found.length, Vaults }
}

function isWanted({ name }: Account, { search_name, partial, hidden }: QueryOf<'getVaults'>): boolean {
  if (hidden === true) return false // nothing is hidden
  if (search_name === undefined) return true
  return partial === true ? name.toLowerCase().includes(search_name.toLowerCase()) : name === search_name
}

/** Throws `ServiceError` not-found. */
export async function vaultOf(
  view: WalletView,
  chains: ChainClients,
  id: number,
): Promise<ExactResponseOf<'getVault'>> {
  return { Vault: await vault(view, chains, accountWith(view.state(), id), creatorsOf(view.state())) }
}

/** Throws `ServiceError` not-found for an unknown account or asset. */
export async function vaultAddressesOf(
  state: VaultState,
  chains: ChainClients,
  id: number,
  caip19: string,
): Promise<ExactResponseOf<'getAddressOfAsset'>> {
  const { name, masterKey } = accountWith(state, id)
  const found = await addressBalancesOf(state, chains, { MasterKey: masterKey, Account: name, CAIP19: caip19 })
  return {
    Addresses: found.map(({ address: { address, index }, balance }) => ({
      Address: address,
      AddressAvailableBalance: balance,
      AddressIndex: index,
      MainAddress: index === 0,
      Name: index === 0 ? name : `${name} ${index}`,
      State: 'Active',
    })),
    IsAccountBased: true,
    SupportSubAddresses: true,
  }
}

function accountWith(state: VaultState, id: number): Account {
  const account = state.accounts.values().find(({ number }) => number === id)
  if (account === undefined) throw new ServiceError('not-found', `no vault with id ${id}`)
  return account
}

/** Who asked for each account, by account number; those of the set-up are nobody's. */
function creatorsOf(state: VaultState): (account: Account) => string {
  const creators = new Map<string, string>()
  for (const { intent, phase } of state.operations.values())
    if (intent.OperationType === 'create account' && phase === 'succeeded')
      creators.set(`${intent.MasterKey}/${intent.Name}`, intent.InitiatorID)
  return ({ masterKey, name }) => creators.get(`${masterKey}/${name}`) || bootstrapUser
}

async function vault(
  view: WalletView,
  chains: ChainClients,
  account: Account,
  creatorOf: (account: Account) => string,
): Promise<Vault> {
  const state = view.state()
  const Assets: Vault['Assets'] = []
  const sums = { onChain: 0n, spendable: 0n }
  for (const token of tokensOf(state)) {
    const request = { MasterKey: account.masterKey, Account: account.name, CAIP19: token.CAIP19 }
    const balance = await accountBalanceOf(view, chains, request)
    const dollars = (amount: bigint) => dollarsOf(state, token, amount)
    const worth = balance && dollars(balance.onChain)
    sums.onChain += worth ?? 0n
    sums.spendable += (balance && dollars(balance.spendable)) ?? 0n
    Assets.push({
      Amount: balance === undefined ? '' : formatUnits(balance.onChain, token.Decimals),
      CAIP19: token.CAIP19,
      Protocol: parseCaip19(token.CAIP19).kind,
      Network: token.ChainName,
      Asset: token.Symbol,
      Name: token.Symbol,
      ...(worth !== undefined && { USDAmount: formatUnits(worth, dollarDigits) }),
    })
  }
  const told = Assets.some(({ Amount }) => Amount !== '')
  const usd = (amount: bigint): string => (told ? formatUnits(amount, dollarDigits) : '')
  return {
    ID: account.number,
    Name: account.name,
    Assets,
    Balance: {
      OnChainUSD: usd(sums.onChain),
      AvailableUSD: usd(sums.spendable),
      PendingUSD: usd(sums.onChain - sums.spendable),
    },
    ColdVault: false,
    CreatedAt: new Date(account.createdAt).toISOString(),
    CreatedBy: creatorOf(account),
    Hidden: false,
    State: 'VaultCreationSuccess',
  }
}

/** At the spot rate, in millionths of a dollar; undefined without one. */
function dollarsOf(state: VaultState, { CAIP19, Symbol: symbol, Decimals }: Token, amount: bigint): bigint | undefined {
  const rate = (state.rates.get(CAIP19) ?? state.rates.get(symbol))?.usdRate
  if (rate === undefined) return undefined
  const { units, scale } = times({ units: amount, scale: Decimals }, parseDecimal(rate))
  return (units * 10n ** BigInt(dollarDigits)) / 10n ** BigInt(scale)
}
