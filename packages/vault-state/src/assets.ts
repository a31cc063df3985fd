import { type Chain, ChainError, customChain, knownChain, parseCaip19 } from '@trivault/chains'
import { type IntentOf, require, VaultError } from '@trivault/protocol'
import { chainOf } from './lookup.ts'
import type { RegisteredChain, Token, VaultState } from './state.ts'

/** Registers a chain of the compiled registry; the same chain again changes nothing. */
export function registerKnownChain(state: VaultState, caip2: string): VaultState {
  const chain = knownChain(caip2)
  if (chain === undefined)
    throw new VaultError('unknown-chain', `${caip2} is not in the registry of known chains: use registerCustomChain`)
  if (state.chains.get(caip2)?.custom === true)
    throw new VaultError('chain-conflict', `${caip2} is registered with other data`)
  return { ...state, chains: state.chains.set(caip2, { ...chain, custom: false }) }
}

/** The chain that an intent describes. Throws `VaultError` chain-conflict. */
export function customChainOf(intent: IntentOf<'register custom chain'>): Chain {
  try {
    return customChain({
      name: intent.ChainName,
      nativeAsset: intent.CAIP19,
      symbol: intent.NativeAssetSymbol,
      decimals: intent.NativeAssetDecimals,
      testNetwork: intent.TestNet,
      transactionType: 2,
    })
  } catch (cause) {
    if (cause instanceof ChainError) throw new VaultError('chain-conflict', cause.message, { cause })
    throw cause
  }
}

/**
 * A custom chain registered again is updated (contract), but only its name: in other units amounts, and with another symbol or
 * test flag restrictions, would change their meaning.
 */
export function registerCustomChain(state: VaultState, intent: IntentOf<'register custom chain'>): VaultState {
  const chain: RegisteredChain = { ...customChainOf(intent), custom: true }
  const existing = state.chains.get(chain.caip2)
  for (const field of ['nativeAsset', 'symbol', 'decimals', 'testNetwork'] as const)
    require(existing === undefined ||
      existing[field] ===
        chain[
          field
        ], 'chain-conflict', `${chain.caip2} is registered with ${field} ${existing?.[field]}, which cannot change`)
  return { ...state, chains: state.chains.set(chain.caip2, chain) }
}

/**
 * The token that an intent describes, in the one spelling of its CAIP-19 id. Throws `VaultError` unknown-chain, token-
 * conflict, malformed.
 */
export function tokenOf(state: VaultState, intent: IntentOf<'register token'>): Token {
  try {
    const asset = parseCaip19(intent.CAIP19)
    chainOf(state, asset.caip2)
    require(asset.kind === 'token', 'token-conflict', `${intent.CAIP19} is a native asset: register the chain`)
    require(asset.caip19 === intent.CAIP19, 'malformed', `write the token as ${asset.caip19}`)
    return { caip19: asset.caip19, caip2: asset.caip2, symbol: intent.Symbol, decimals: intent.Decimals }
  } catch (cause) {
    if (cause instanceof ChainError) throw new VaultError('malformed', cause.message, { cause })
    throw cause
  }
}

/** Registered again it must be the same: other decimals would change the meaning of amounts. Throws `VaultError` as `tokenOf`. */
export function registerToken(state: VaultState, intent: IntentOf<'register token'>): VaultState {
  const token = tokenOf(state, intent)
  const existing = state.tokens.get(token.caip19)
  require(existing === undefined ||
    (existing.symbol === token.symbol &&
      existing.decimals ===
        token.decimals), 'token-conflict', `${token.caip19} is registered as ${existing?.symbol} with ${existing?.decimals} decimals: unregister it first`)
  return { ...state, tokens: state.tokens.set(token.caip19, token) }
}

/** Throws `VaultError` unknown-token, still-in-use. */
export function unregisterToken(state: VaultState, caip19: string): VaultState {
  require(state.tokens.has(caip19), 'unknown-token', `token ${caip19} is not registered`)
  checkUnused(state, caip19, asset => asset === caip19)
  return { ...state, tokens: state.tokens.delete(caip19) }
}

/** Throws `VaultError` unknown-chain, still-in-use. */
export function unregisterChain(state: VaultState, caip2: string): VaultState {
  chainOf(state, caip2)
  const token = state.tokens
    .keys()
    .sort()
    .find(caip19 => caip19.startsWith(`${caip2}/`))
  require(token === undefined, 'still-in-use', `${token} is registered on ${caip2}: unregister the tokens first`)
  checkUnused(state, caip2, asset => asset.startsWith(`${caip2}/`))
  return { ...state, chains: state.chains.delete(caip2) }
}

/**
 * While an operation moves an asset, its units stay: registered again with other decimals, the approved amount would be
 * another one.
 */
function checkUnused(state: VaultState, what: string, moves: (caip19: string) => boolean): void {
  const user = state.pending
    .keys()
    .sort()
    .find(id => {
      const intent = state.operations.get(id)?.intent
      return intent !== undefined && 'Source' in intent && moves(intent.CAIP19)
    })
  require(user === undefined, 'still-in-use', `operation ${user} moves ${what}: let it end, or cancel it`)
}
