import { ed25519 } from '@noble/curves/ed25519.js'
import {
  type ChainContext,
  ChainError,
  decodeEffects,
  decodeMessage,
  type Effects,
  type Family,
  type MessageEffects,
  matchesRequest,
  parseCaip19,
  parseFamilyAddress,
  parseHex,
  parseUnits,
  plannedEffects,
  recoverSigner,
  solanaAddressBytes,
  type TransactionRequest,
} from '@trivault/chains'
import type { Movement, TransactionSubject } from '@trivault/policy'
import { type Intent, type IntentOf, require, VaultError } from '@trivault/protocol'
import { addressOf, chainOf, ownAddress } from './lookup.ts'
import type { Execution, Operation, RegisteredChain, VaultState } from './state.ts'

type Signing = IntentOf<'make transaction'> | IntentOf<'generic signing'>

/** Does this operation sign, rather than change the vault? */
export function isSigning(intent: Intent): intent is Signing {
  return intent.OperationType === 'make transaction' || intent.OperationType === 'generic signing'
}

/** Runs `body`; what the chain family refuses becomes a `VaultError`. */
function refusing<T>(code: 'bad-transaction' | 'bad-address' | 'bad-amount', body: () => T): T {
  try {
    return body()
  } catch (cause) {
    if (cause instanceof ChainError) throw new VaultError(code, cause.message, { cause })
    throw cause
  }
}

/** A chain and the tokens registered on it, as decoders take them. Throws `VaultError` unknown-chain. */
export function chainContext(state: VaultState, caip2: string): ChainContext {
  return { chain: chainOf(state, caip2), tokens: asset => state.tokens.get(asset) }
}

/** Symbol and decimals of an asset that is registered on its chain. Throws `VaultError` unknown-chain or unknown-token. */
export function assetOf(
  state: VaultState,
  caip19: string,
): { chain: RegisteredChain; symbol: string; decimals: number } {
  const asset = refusing('bad-transaction', () => parseCaip19(caip19))
  const chain = chainOf(state, asset.caip2)
  if (asset.kind === 'native') {
    require(asset.caip19 ===
      chain.nativeAsset, 'unknown-token', `the native asset of ${chain.caip2} is ${chain.nativeAsset}`)
    return { chain, symbol: chain.symbol, decimals: chain.decimals }
  }
  const token = state.tokens.get(asset.caip19)
  if (token === undefined)
    throw new VaultError('unknown-token', `token ${asset.caip19} is not registered: use registerToken`)
  return { chain, symbol: token.symbol, decimals: token.decimals }
}

/** The request behind a make transaction intent, in smallest units. */
export function transactionRequest(state: VaultState, intent: IntentOf<'make transaction'>): TransactionRequest {
  const source = intent.Source.Address
  if (intent.RawTransaction !== undefined)
    return { kind: 'raw', source, unsigned: refusing('bad-transaction', () => parseHex(intent.RawTransaction ?? '')) }
  const { decimals } = assetOf(state, intent.CAIP19)
  const evm = intent.EVM ?? {}
  const ceiling = (text: string | undefined, field: string): bigint => {
    if (text === undefined) throw new VaultError('malformed', `EVM.${field} is missing from the intent`)
    return BigInt(text)
  }
  return {
    kind: 'structured',
    asset: intent.CAIP19,
    source,
    destinations: intent.Destination.map(({ Address, Amount }) => ({
      address: Address,
      amount: refusing('bad-amount', () => parseUnits(Amount, decimals)),
    })),
    gas: ceiling(evm.Gas, 'Gas'),
    maxFeePerGas: ceiling(evm.MaxFeePerGas, 'MaxFeePerGas'),
    maxPriorityFeePerGas: ceiling(evm.MaxPriorityFeePerGas, 'MaxPriorityFeePerGas'),
    ...(evm.Nonce === undefined ? {} : { nonce: BigInt(evm.Nonce) }),
    ...(evm.Data === undefined ? {} : { data: parseHex(evm.Data) }),
  }
}

/** Number of transactions that an operation stands for: one per destination. */
export function partCount(intent: Intent): number {
  return intent.OperationType === 'make transaction' && intent.RawTransaction === undefined
    ? intent.Destination.length
    : 1
}

/**
 * What an intent does to the outside world, computed from its bytes alone; undefined for a change of the vault itself. What
 * nodes put into their views and what approvers compare with them. Throws `VaultError`.
 */
export function intentEffects(state: VaultState, intent: Intent): Effects | MessageEffects | undefined {
  return isSigning(intent) ? signingEffects(state, intent) : undefined
}

function signingEffects(state: VaultState, intent: Signing): Effects | MessageEffects {
  const chain = assetOf(state, intent.CAIP19).chain
  const context = chainContext(state, chain.caip2)
  if (intent.OperationType === 'generic signing') return messageEffects(intent, context)
  requireTransactions(chain)
  const request = transactionRequest(state, intent)
  return refusing('bad-transaction', () => plannedEffects(request, context))
}

/** Addresses and messages of a family come before its transactions. Throws `VaultError` unsupported-operation. */
export function requireTransactions({ family, name }: RegisteredChain): void {
  require(family ===
    'evm', 'unsupported-operation', `transactions on ${name} are not in this release: its accounts receive, and sign messages`)
}

function messageEffects(intent: IntentOf<'generic signing'>, context: ChainContext): MessageEffects {
  return refusing('bad-transaction', () =>
    decodeMessage({
      chain: context.chain,
      source: intent.Source.Address,
      typeOfSigning: intent.TypeOfSigning,
      dataToSign: intent.DataToSign,
    }),
  )
}

/** What policy judges: the effects of the approved request, with names of the vault's own addresses. */
export function transactionSubject(state: VaultState, intent: Intent): TransactionSubject | undefined {
  if (!isSigning(intent)) return undefined
  const effects = signingEffects(state, intent)
  const { chain } = assetOf(state, intent.CAIP19)
  const amountsUnknown = effects.unknownAmounts
  const movements: Movement[] = effects.movements.map(movement => {
    const asset = assetOf(state, movement.asset)
    return {
      caip19: movement.asset,
      symbol: asset.symbol,
      decimals: asset.decimals,
      amount: movement.amount,
      destination: destinationOf(state, movement.destination),
    }
  })
  if (amountsUnknown)
    movements.push({
      caip19: chain.nativeAsset,
      symbol: chain.symbol,
      decimals: chain.decimals,
      amount: undefined,
      destination: effectsTarget(state, effects),
    })
  return {
    function: effects.function,
    grade: effects.grade,
    testNetwork: 'anyChain' in effects && effects.anyChain ? undefined : chain.testNetwork,
    source: { masterKey: intent.Source.MasterKeyName, account: intent.Source.AccountName },
    movements,
    fee: { caip19: chain.nativeAsset, symbol: chain.symbol, decimals: chain.decimals, amount: effects.feeCeiling },
  }
}

function effectsTarget(state: VaultState, effects: Effects): Movement['destination'] {
  const [first] = effects.movements
  return first === undefined ? undefined : destinationOf(state, first.destination)
}

function destinationOf(state: VaultState, address: string): NonNullable<Movement['destination']> {
  const own = ownAddress(state, address)
  return { address, internal: own === undefined ? undefined : { masterKey: own.masterKey, account: own.account } }
}

/** Checks of a signing intent that every node makes for itself: each field the server added equals what the node computes. */
export function checkSigningIntent(state: VaultState, intent: Signing): void {
  const { chain, symbol } = assetOf(state, intent.CAIP19)
  const source = addressOf(
    state,
    intent.Source.MasterKeyName,
    intent.Source.AccountName,
    chain.slip44,
    intent.Source.AddressIndex,
  )
  const same = (field: string, given: unknown, computed: unknown): void =>
    require(given === computed, 'intent-mismatch', `${field} must be ${String(computed)}`)
  same('Source.Address', intent.Source.Address, source.address)
  same('Asset', intent.Asset, symbol)
  same('ChainName', intent.ChainName, chain.name)
  same('TestNetwork', intent.TestNetwork, chain.testNetwork)
  if (intent.OperationType === 'make transaction') checkDestinations(state, intent, chain)
  const effects = signingEffects(state, intent)
  same('Function.Name', intent.Function.Name, effects.function)
  require(effects.feeCeiling <=
    chain.maxFee, 'bad-transaction', `the fee ceiling ${effects.feeCeiling} is above the maximum of ${chain.name}, ${chain.maxFee}`)
}

function checkDestinations(state: VaultState, intent: IntentOf<'make transaction'>, chain: RegisteredChain): void {
  require(intent.DecodedRawTransaction ===
    undefined, 'intent-mismatch', 'DecodedRawTransaction must be absent: approvers decode the bytes themselves')
  if (intent.RawTransaction !== undefined) {
    require(intent.Destination.length === 0 &&
      intent.EVM ===
        undefined, 'malformed', 'a raw transaction has no Destination and no EVM block: its bytes say everything')
    require(intent.CAIP19 ===
      chain.nativeAsset, 'malformed', `CAIP19 of a raw transaction is the chain's native asset, ${chain.nativeAsset}`)
    return
  }
  require(intent.Destination.length > 0, 'malformed', 'give at least one Destination')
  for (const destination of intent.Destination) {
    const canonical = refusing('bad-address', () => parseFamilyAddress(chain.family, destination.Address))
    require(destination.Address === canonical, 'bad-address', `the address must be written ${canonical}`)
    if (
      destination.MasterKeyName === undefined &&
      destination.AccountName === undefined &&
      destination.AddressIndex === undefined
    )
      continue
    const { MasterKeyName, AccountName, AddressIndex } = destination
    if (MasterKeyName === undefined || AccountName === undefined || AddressIndex === undefined)
      throw new VaultError('malformed', 'an internal destination has MasterKeyName, AccountName and AddressIndex')
    const own = addressOf(state, MasterKeyName, AccountName, chain.slip44, AddressIndex)
    require(own.address ===
      destination.Address, 'intent-mismatch', `the address of ${AccountName}/${AddressIndex} is ${own.address}`)
  }
}

/**
 * The predicate of protocol-notes §5 on exact bytes: what three nodes each compute before anything is signed (I1, I2).
 * Throws `VaultError` transaction-differs and others.
 */
export function judgeExecution(
  state: VaultState,
  operation: Operation,
  part: number,
  variant: number,
  transaction: Uint8Array,
): Pick<Execution, 'digest' | 'message' | 'slot'> {
  const { intent } = operation
  if (!isSigning(intent)) throw new VaultError('malformed', 'this operation has no transaction')
  const earlier = operation.executions.filter(execution => execution.part === part)
  require(part < partCount(intent), 'transaction-differs', `the intent has ${partCount(intent)} part(s)`)
  require(variant === earlier.length &&
    variant < 16, 'slot-conflict', `the next variant of part ${part} is ${earlier.length}, at most 15`)
  const chain = assetOf(state, intent.CAIP19).chain
  const context = chainContext(state, chain.caip2)
  if (intent.OperationType === 'generic signing') {
    require(variant === 0 &&
      transaction.length === 0, 'transaction-differs', 'generic signing has one variant and no transaction')
    const { digest, message } = messageEffects(intent, context)
    return { digest, message, slot: `message/${operation.id}` }
  }
  const effects = refusing('bad-transaction', () => decodeEffects(transaction, intent.Source.Address, context))
  const verdict = matchesRequest(transactionRequest(state, intent), part, effects, context, earlier[0]?.slot)
  require(verdict.ok, 'transaction-differs', verdict.ok ? '' : `${verdict.code}: ${verdict.message}`)
  require(operation.executions.every(
    execution => execution.part === part || execution.slot !== effects.slot,
  ), 'slot-conflict', `another part has taken the slot ${effects.slot}: only one of them could land`)
  return { digest: effects.digest, message: effects.digest, slot: effects.slot }
}

/** Does `signature` sign what is executed by the key of `address`? ECDSA: r ‖ s ‖ recovery over the digest. Ed25519: R ‖ s. */
export function signatureFits(
  { digest, message }: Pick<Execution, 'digest' | 'message'>,
  signature: Uint8Array,
  address: string,
  family: Family,
): boolean {
  try {
    if (family === 'solana')
      return (
        signature.length === 64 && ed25519.verify(signature, message, solanaAddressBytes(address), { zip215: false })
      )
    const recovery = signature[64]
    if (signature.length !== 65 || (recovery !== 0 && recovery !== 1)) return false
    return recoverSigner(digest, { r: signature.slice(0, 32), s: signature.slice(32, 64), recovery }) === address
  } catch {
    return false
  }
}
