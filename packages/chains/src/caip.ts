import { ChainError } from './errors.ts'
import { parseAddress } from './evm/address.ts'
import type { Family } from './types.ts'

/** CAIP-2. `eip155` is the only family today; its reference is the chain id. */
export interface ChainId {
  readonly family: Family
  readonly caip2: string
  readonly chainId: number
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
  if (match[1] !== 'eip155')
    throw new ChainError('family_unsupported', `chains of the family ${match[1]} are not supported`)
  return { family: 'evm', caip2: text, chainId: positive(match[2] ?? '', 'an eip155 chain id') }
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
  if (match[1] === 'erc20') {
    const address = parseAddress(reference)
    return { ...chain, caip19: `${chain.caip2}/erc20:${address}`, kind: 'token', address }
  }
  throw malformed('the asset namespace is slip44 or erc20')
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
