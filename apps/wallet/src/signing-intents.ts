import {
  type Chain,
  comparableAddress,
  decodeEffects,
  decodeMessage,
  decodeTransaction,
  evmChainId,
  formatHex,
  parseAddress,
  parseCaip19,
  parseHex,
  parseUnits,
  plannedEffects,
  requestParts,
  type StructuredRequest,
} from '@trivault/chains'
import { json, utf8 } from '@trivault/codec'
import { type IntentOf, VaultError } from '@trivault/protocol'
import {
  addressOf,
  assetOf,
  chainContext,
  chainOf,
  ownAddress,
  requireTransactions,
  transactionRequest,
  type VaultState,
} from '@trivault/vault-state'
import { given, type IntentContext, type Payload } from './intent-context.ts'

type AddressSpec = { MasterKeyName?: string; AccountName?: string; AddressIndex?: number; Address?: string }
type Source = IntentOf<'make transaction'>['Source']
type Asked = NonNullable<Payload<'makeTransaction'>['EVM']>

/** Fills in the names, the index and the address of a source; an address alone must be one of the vault's own. */
function sourceOf(state: VaultState, spec: AddressSpec, slip44: number): Source {
  if (spec.MasterKeyName === undefined || spec.AccountName === undefined) {
    const own = spec.Address === undefined ? undefined : ownAddress(state, spec.Address)
    if (own === undefined)
      throw new VaultError(
        'unknown-address',
        'Source must be an account of this vault: give MasterKeyName and AccountName, or one of its addresses',
      )
    return { MasterKeyName: own.masterKey, AccountName: own.account, AddressIndex: own.index, Address: own.address }
  }
  const own = addressOf(state, spec.MasterKeyName, spec.AccountName, slip44, spec.AddressIndex ?? 0)
  if (spec.Address !== undefined && comparableAddress(spec.Address) !== comparableAddress(own.address))
    throw new VaultError('intent-mismatch', `the address of ${own.account}/${own.index} is ${own.address}`)
  return { MasterKeyName: own.masterKey, AccountName: own.account, AddressIndex: own.index, Address: own.address }
}

function destinationOf(
  state: VaultState,
  spec: AddressSpec & { Amount: string },
  slip44: number,
): IntentOf<'make transaction'>['Destination'][number] {
  if (spec.MasterKeyName !== undefined && spec.AccountName !== undefined)
    return { Amount: spec.Amount, ...sourceOf(state, spec, slip44) }
  if (spec.Address === undefined)
    throw new VaultError('malformed', 'Destination: give Address, or MasterKeyName and AccountName')
  return { Address: parseAddress(spec.Address), Amount: spec.Amount }
}

/** Says what is missing before anything is made of parameters that another family would have. */
function checkFamily({ CAIP19 }: Payload<'makeTransaction'>, state: VaultState): void {
  if (CAIP19 !== undefined) requireTransactions(chainOf(state, parseCaip19(CAIP19).caip2))
}

/** What would be asked for and not done is refused. */
function checkParameters(payload: Payload<'makeTransaction'>): void {
  const { Bitcoin, Substrate, Solana, Canton, Stellar, TVM, EVM } = payload
  const [foreign] = Object.entries({ Bitcoin, Substrate, Solana, Canton, Stellar, TVM }).filter(([, block]) => block)
  if (foreign !== undefined)
    throw new VaultError('malformed', `${foreign[0]}: the chains of this release take EVM parameters: leave it out`)
  if (EVM?.EIP7702Authorizations !== undefined)
    throw new VaultError('malformed', 'EVM.EIP7702Authorizations: not in this release: leave it out')
}

/** Fields of a `make transaction` intent. Throws `VaultError`, `ChainClientError`, `ChainError`. */
export async function transactionFields(payload: Payload<'makeTransaction'>, context: IntentContext): Promise<object> {
  checkFamily(payload, context.state)
  checkParameters(payload)
  return payload.RawTransaction === undefined ? structured(payload, context) : raw(payload, context.state)
}

async function structured(payload: Payload<'makeTransaction'>, context: IntentContext): Promise<object> {
  const { state } = context
  if (payload.CAIP19 === undefined || payload.Destination === undefined)
    throw new VaultError('malformed', 'give CAIP19 and Destination, or RawTransaction')
  const CAIP19 = parseCaip19(payload.CAIP19).caip19
  const { chain, symbol, decimals } = assetOf(state, CAIP19)
  given('Asset', payload.Asset, symbol)
  given('ChainName', payload.ChainName, chain.name)
  given('TestNetwork', payload.TestNetwork, chain.testNetwork)
  const Source = sourceOf(state, payload.Source, chain.slip44)
  const Destination = payload.Destination.map(destination => destinationOf(state, destination, chain.slip44))
  const destinations = Destination.map(({ Address, Amount }) => ({
    address: Address,
    amount: parseUnits(Amount, decimals),
  }))
  const moves = { asset: CAIP19, source: Source.Address, destinations }
  const EVM = await evmFields(payload.EVM ?? {}, moves, chain, context)
  const fields = {
    ChainName: chain.name,
    CAIP19,
    Asset: symbol,
    TestNetwork: chain.testNetwork,
    Source,
    Destination,
    EVM,
  }
  const effects = plannedEffects(
    transactionRequest(state, { ...fields, Function: { Name: '' } } as IntentOf<'make transaction'>),
    chainContext(state, chain.caip2),
  )
  return { ...fields, Function: { Name: effects.function } }
}

/** The intent's EVM block: what was asked for, and the wallet's proposal for what was left out. */
async function evmFields(
  asked: Asked,
  moves: Pick<StructuredRequest, 'asset' | 'source' | 'destinations'>,
  chain: Chain,
  { state, chains }: IntentContext,
): Promise<IntentOf<'make transaction'>['EVM']> {
  const complete =
    asked.Gas !== undefined && asked.MaxFeePerGas !== undefined && asked.MaxPriorityFeePerGas !== undefined
  const request: StructuredRequest = {
    kind: 'structured',
    ...moves,
    gas: 21_000n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    ...(asked.Data === undefined ? {} : { data: parseHex(asked.Data) }),
  }
  const calls = () =>
    requestParts(request, chainContext(state, chain.caip2)).map(({ to, value, data }) => ({
      from: moves.source,
      to,
      value,
      data,
    }))
  const caps = complete ? undefined : await chains.evm(chain).feeCaps(calls())
  const filled = (field: string | undefined, proposal: bigint | undefined): bigint => BigInt(field ?? proposal ?? 0n)
  const maxFee = filled(asked.MaxFeePerGas, caps?.maxFeePerGas)
  const tip = filled(asked.MaxPriorityFeePerGas, caps?.maxPriorityFeePerGas)
  return {
    Gas: filled(asked.Gas, caps?.gas).toString(),
    MaxFeePerGas: maxFee.toString(),
    MaxPriorityFeePerGas: (asked.MaxPriorityFeePerGas === undefined && tip > maxFee ? maxFee : tip).toString(),
    ...(asked.Nonce === undefined ? {} : { Nonce: BigInt(asked.Nonce).toString() }),
    ...(asked.Data === undefined ? {} : { Data: formatHex(parseHex(asked.Data)) }),
  }
}

function raw(payload: Payload<'makeTransaction'>, state: VaultState): object {
  const unsigned = parseHex(payload.RawTransaction ?? '')
  if (payload.Destination !== undefined || payload.EVM !== undefined)
    throw new VaultError('malformed', 'a RawTransaction says everything itself: omit Destination and EVM')
  const caip2 =
    payload.CAIP19 === undefined ? `eip155:${decodeTransaction(unsigned).chainId}` : parseCaip19(payload.CAIP19).caip2
  const context = chainContext(state, caip2)
  const { chain } = context
  const Source = sourceOf(state, payload.Source, chain.slip44)
  const effects = decodeEffects(unsigned, Source.Address, context)
  return {
    ChainName: chain.name,
    CAIP19: chain.nativeAsset,
    Asset: chain.symbol,
    TestNetwork: chain.testNetwork,
    Source,
    Destination: [],
    RawTransaction: formatHex(unsigned),
    Function: { Name: effects.function },
  }
}

/** Fields of a `generic signing` intent. Throws `VaultError`, `ChainError`. */
export function signingFields(payload: Payload<'genericSigning'>, state: VaultState): object {
  const named = state.chains.values().filter(chain => chain.symbol === payload.Asset)
  const order = ({ family, caip2, testNetwork }: Chain): number =>
    family === 'evm' ? evmChainId(caip2) : Number(testNetwork)
  const [first] = named.sort((a, b) => order(a) - order(b))
  const caip19 = payload.CAIP19 ?? first?.nativeAsset
  if (caip19 === undefined)
    throw new VaultError('unknown-chain', `no registered chain has the asset ${payload.Asset}: give CAIP19`)
  const { chain } = assetOf(state, parseCaip19(caip19).caip19)
  given('Asset', payload.Asset, chain.symbol)
  const Source = sourceOf(state, payload.Source, chain.slip44)
  const effects = decodeMessage({
    chain,
    source: Source.Address,
    typeOfSigning: payload.TypeOfSigning,
    dataToSign: payload.DataToSign,
  })
  return {
    ChainName: chain.name,
    CAIP19: chain.nativeAsset,
    Asset: chain.symbol,
    TestNetwork: chain.testNetwork,
    DataToSign: writable(payload.TypeOfSigning, payload.DataToSign),
    TypeOfSigning: payload.TypeOfSigning,
    Source,
    Function: { Name: effects.function },
  }
}

const intentText = json.string({ max: Number.MAX_SAFE_INTEGER })

/**
 * The same message, to the same digest, as an intent can hold it: an intent has no line breaks, other controls or
 * bidirectional characters. `data` was decoded already: typed data is JSON that has one reading.
 */
function writable(typeOfSigning: string, data: string): string {
  if (typeOfSigning === 'eth_signTypedData_v4') return JSON.stringify(JSON.parse(data))
  try {
    return intentText.read(data)
  } catch {
    return formatHex(utf8(data))
  }
}
