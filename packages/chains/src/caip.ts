import { ChainError } from './errors.ts'
import { parseAddress } from './evm/address.ts'
import type { Chain, Family } from './types.ts'

/** CAIP-2: `eip155` with the chain id, `solana` with the first 32 base58 digits of the genesis hash. */
export interface ChainId {
  readonly family: Family
  readonly caip2: string
}

/** CAIP-19: the native asset (`slip44`, coin type) or a token (`erc20`, canonical address). */
export type AssetId = ChainId & {
  /** Canonical text: token addresses carry their EIP-55 checksum. */
  readonly caip19: string
} & ({ readonly kind: 'native'; readonly slip44: number } | { readonly kind: 'token'; readonly address: string })

/** Throws `ChainError` caip_malformed, family_unsupported. */
export function parseCaip2(text: string): ChainId {
  const match = /^([-a-z0-9]{3,8}):([-_a-zA-Z0-9]{1,32})$/.exec(text)
  if (match === null) throw malformed('a chain is named by CAIP-2, e.g. eip155:1')
  const [, namespace, reference = ''] = match
  if (namespace === 'solana') {
    if (!/^[1-9A-HJ-NP-Za-km-z]{32}$/.test(reference))
      throw malformed('a solana chain id is the first 32 base58 digits of a genesis hash')
    return { family: 'solana', caip2: text }
  }
  if (namespace !== 'eip155')
    throw new ChainError('family_unsupported', `chains of the family ${namespace} are not supported`)
  positive(reference, 'an eip155 chain id')
  return { family: 'evm', caip2: text }
}

/** What every transaction of an EVM chain names. Throws `ChainError` family_unsupported for a chain of another family. */
export function evmFieldsOf({ caip2, transactionType }: Chain): { chainId: number; transactionType: 0 | 2 } {
  const chainId = evmChainId(caip2)
  if (transactionType === undefined) throw new ChainError('family_unsupported', `${caip2} is not an EVM chain`)
  return { chainId, transactionType }
}

/** Chain id of an EVM chain. Throws as `parseCaip2`, and family_unsupported for a chain of another family. */
export function evmChainId(caip2: string): number {
  const { family } = parseCaip2(caip2)
  if (family !== 'evm') throw new ChainError('family_unsupported', `${caip2} is not an EVM chain`)
  return Number(caip2.slice('eip155:'.length))
}

/** Throws `ChainError` caip_malformed, family_unsupported, address_malformed, address_checksum. */
export function parseCaip19(text: string): AssetId {
  const slash = text.indexOf('/')
  const match = slash < 0 ? null : /^([-a-z0-9]{3,8}):([-.%a-zA-Z0-9]{1,128})$/.exec(text.slice(slash + 1))
  if (match === null) throw malformed('an asset is named by CAIP-19, e.g. eip155:1/slip44:60 or eip155:1/erc20:0x…')
  const chain = parseCaip2(text.slice(0, slash))
  const reference = match[2] ?? ''
  if (match[1] === 'slip44') {
    const slip44 = reference === '0' ? 0 : positive(reference, 'a SLIP-44 coin type')
    if (slip44 >= 2 ** 31) throw malformed('a SLIP-44 coin type is below 2^31')
    return { ...chain, caip19: text, kind: 'native', slip44 }
  }
  if (match[1] === 'erc20' && chain.family === 'evm') {
    const address = parseAddress(reference)
    return { ...chain, caip19: `${chain.caip2}/erc20:${address}`, kind: 'token', address }
  }
  throw malformed(`the asset namespace is ${chain.family === 'evm' ? 'slip44 or erc20' : 'slip44'}`)
}

/** CAIP-2 of an EVM chain id. Throws `ChainError` caip_malformed. */
export function evmCaip2(chainId: number): string {
  return parseCaip2(`eip155:${chainId}`).caip2
}

function positive(digits: string, what: string): number {
  const value = /^[1-9][0-9]{0,15}$/.test(digits) ? Number(digits) : 0
  if (value === 0 || !Number.isSafeInteger(value))
    throw malformed(`${what} is a decimal from 1 to 2^53 - 1 without leading zero`)
  return value
}

function malformed(message: string): ChainError {
  return new ChainError('caip_malformed', message)
}
