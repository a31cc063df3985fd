import { parseCaip19 } from './caip.ts'
import { ChainError } from './errors.ts'
import { evmSlip44 } from './evm/address.ts'
import { solanaSlip44 } from './solana/address.ts'
import type { Chain } from './types.ts'
import { checkDecimals } from './units.ts'

type Row = [chainId: number, name: string, coinType: number, symbol: string, testNetwork: boolean, maxFee: bigint]

// maxFee is in whole native coins: a bound against a lying fee estimate, far above any honest fee.
const rows: Row[] = [
  [1, 'Ethereum', 60, 'ETH', false, 1n],
  [11155111, 'Ethereum Sepolia', 60, 'ETH', true, 10n],
  [17000, 'Ethereum Holesky', 60, 'ETH', true, 10n],
  [560048, 'Ethereum Hoodi', 60, 'ETH', true, 10n],
  [137, 'Polygon', 966, 'POL', false, 1000n],
  [80002, 'Polygon Amoy', 966, 'POL', true, 1000n],
  [42161, 'Arbitrum One', 60, 'ETH', false, 1n],
  [10, 'OP Mainnet', 60, 'ETH', false, 1n],
  [8453, 'Base', 60, 'ETH', false, 1n],
  [84532, 'Base Sepolia', 60, 'ETH', true, 10n],
  [56, 'BNB Smart Chain', 714, 'BNB', false, 2n],
  [43114, 'Avalanche C-Chain', 9005, 'AVAX', false, 20n],
  [31337, 'Local dev chain', 60, 'ETH', true, 10n],
]

const evmChains: readonly Chain[] = rows.map(([chainId, name, coinType, symbol, testNetwork, maxFee]) => ({
  family: 'evm',
  caip2: `eip155:${chainId}`,
  name,
  nativeAsset: `eip155:${chainId}/slip44:${coinType}`,
  symbol,
  decimals: 18,
  testNetwork,
  slip44: evmSlip44,
  transactionType: 2,
  maxFee: maxFee * 10n ** 18n,
}))

// The references are the beginnings of the clusters' genesis hashes. No fee is paid yet, so none is allowed.
const solanaRows: readonly [reference: string, name: string, testNetwork: boolean][] = [
  ['5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp', 'Solana', false],
  ['EtWTRABZaYq6iMfeYKouRu166VU2xqa1', 'Solana Devnet', true],
]

const solanaChains: readonly Chain[] = solanaRows.map(([reference, name, testNetwork]) => ({
  family: 'solana',
  caip2: `solana:${reference}`,
  name,
  nativeAsset: `solana:${reference}/slip44:${solanaSlip44}`,
  symbol: 'SOL',
  decimals: 9,
  testNetwork,
  slip44: solanaSlip44,
  transactionType: undefined,
  maxFee: 0n,
}))

/** The compiled registry. Its data wins over any registration. */
export const knownChains: readonly Chain[] = [...evmChains, ...solanaChains]

const byCaip2: ReadonlyMap<string, Chain> = new Map(knownChains.map(chain => [chain.caip2, chain]))

/** A chain of the compiled registry, or undefined. */
export function knownChain(caip2: string): Chain | undefined {
  return byCaip2.get(caip2)
}

export interface CustomChain {
  readonly name: string
  /** CAIP-19 of its native asset: names the chain. */
  readonly nativeAsset: string
  readonly symbol: string
  readonly decimals: number
  readonly testNetwork: boolean
  readonly transactionType: 0 | 2
}

/**
 * A chain outside the registry; one transaction may cost at most 100 of its coins. Throws `ChainError` chain_shadows_known,
 * chain_malformed, amount_malformed, family_unsupported and those of `parseCaip19`.
 */
export function customChain(chain: CustomChain): Chain {
  const asset = parseCaip19(chain.nativeAsset)
  if (asset.family !== 'evm')
    throw new ChainError('family_unsupported', 'a custom chain is an EVM chain: others are in the compiled registry')
  if (asset.kind !== 'native')
    throw new ChainError('chain_malformed', 'the native asset of a chain has the form eip155:<id>/slip44:<coin type>')
  if (byCaip2.has(asset.caip2))
    throw new ChainError(
      'chain_shadows_known',
      `${asset.caip2} is in the compiled registry and cannot be registered as a custom chain`,
    )
  if (!/^[\w.-]+( [\w.-]+)*$/.test(chain.name) || chain.name.length > 64)
    throw new ChainError('chain_malformed', 'a chain name has up to 64 letters, digits, spaces, dots and dashes')
  if (!/^[A-Za-z0-9.$_-]{1,16}$/.test(chain.symbol))
    throw new ChainError('chain_malformed', 'a symbol has 1 to 16 letters, digits or . $ _ -')
  checkDecimals(chain.decimals)
  return {
    family: asset.family,
    caip2: asset.caip2,
    name: chain.name,
    nativeAsset: asset.caip19,
    symbol: chain.symbol,
    decimals: chain.decimals,
    testNetwork: chain.testNetwork,
    slip44: evmSlip44,
    transactionType: chain.transactionType,
    maxFee: 100n * 10n ** BigInt(chain.decimals),
  }
}
