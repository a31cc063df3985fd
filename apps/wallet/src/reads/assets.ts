import type { ExactBodyOf, ExactResponseOf } from '@trivault/api-contract'
import { ownAddress, type RegisteredChain, type VaultState } from '@trivault/vault-state'
import { ServiceError } from '../service.ts'

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** All accounts by their number, which is their place in the list from 1 on. */
export function accountsOf(state: VaultState): ExactResponseOf<'cwplistAccounts'> {
  return state.accounts
    .values()
    .sort((a, b) => a.number - b.number)
    .map(({ name, masterKey }) => ({ Name: name, MasterKey: masterKey, IsExternal: false }))
}

/** Throws `ServiceError` not-found for an address that is not the vault's. */
export function resolvedAddress(state: VaultState, text: string): ExactResponseOf<'cwpresolveAddress'> {
  const own = ownAddress(state, text)
  if (own === undefined) throw new ServiceError('not-found', 'this is not an address of the vault')
  return { MasterKey: own.masterKey, Account: own.account, Index: own.index }
}

const chainsByCaip2 = (state: VaultState): RegisteredChain[] =>
  state.chains.values().sort((a, b) => compare(a.caip2, b.caip2))

/** Registered chains by CAIP-2 id. */
export function chainsOf(state: VaultState): ExactResponseOf<'cwplistChains'> {
  return chainsByCaip2(state).map(({ name, testNetwork, caip2 }) => ({
    ChainName: name,
    TestNet: testNetwork,
    CAIP2: caip2,
  }))
}

/** Everything that can be moved: each chain's native asset, then its registered tokens. */
export function tokensOf(state: VaultState): ExactResponseOf<'cwplistTokens'> {
  const tokens = state.tokens.values().sort((a, b) => compare(a.caip19, b.caip19))
  return chainsByCaip2(state).flatMap(chain => {
    const shared = { ChainName: chain.name, Testnet: chain.testNetwork, CAIP2: chain.caip2 }
    return [
      { ...shared, Symbol: chain.symbol, Decimals: chain.decimals, CAIP19: chain.nativeAsset },
      ...tokens
        .filter(token => token.caip2 === chain.caip2)
        .map(({ symbol, decimals, caip19 }) => ({ ...shared, Symbol: symbol, Decimals: decimals, CAIP19: caip19 })),
    ]
  })
}

/** Assets that match every filter given. */
export function assetInfosOf(
  state: VaultState,
  filter: ExactBodyOf<'cwpsearchAssetInfos'>,
): ExactResponseOf<'cwpsearchAssetInfos'> {
  const fits = (given: unknown, value: unknown): boolean => given === undefined || given === null || given === value
  return tokensOf(state)
    .filter(
      ({ CAIP2, ChainName, CAIP19, Symbol: symbol, Testnet }) =>
        fits(filter.CAIP2, CAIP2) &&
        fits(filter.ChainName, ChainName) &&
        fits(filter.CAIP19, CAIP19) &&
        fits(filter.Symbol, symbol) &&
        fits(filter.TestNetwork, Testnet),
    )
    .map(({ ChainName, CAIP19, Symbol: symbol, Testnet }) => ({
      ChainName,
      CAIP19,
      Symbol: symbol,
      TestNetwork: Testnet,
    }))
}
