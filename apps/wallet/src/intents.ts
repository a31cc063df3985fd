import type { ChainClients, FeeCaps } from '@trivault/chain-clients'
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
import {
  coldSegments,
  decodeIntent,
  encodeIntent,
  type Intent,
  type IntentOf,
  operationTypeOf,
  VaultError,
} from '@trivault/protocol'
import {
  activeMasterKeyOf,
  addressOf,
  assetOf,
  chainContext,
  chainOf,
  foundingEpochRecord,
  foundingRecord,
  ownAddress,
  requireTransactions,
  transactionRequest,
  userOf,
  type VaultState,
} from '@trivault/vault-state'
import type { StartRequest } from './service.ts'

type Payload<S extends StartRequest['segment']> = Extract<StartRequest, { segment: S }>['payload']
type AddressSpec = { MasterKeyName?: string; AccountName?: string; AddressIndex?: number; Address?: string }
type Source = IntentOf<'make transaction'>['Source']

export interface IntentContext {
  state: VaultState
  chains: ChainClients
  now: number
  operationId: string
  initiatorId: string
}

/**
 * The intent that people will approve: the request with every field that the server adds. The nodes compute each of these
 * fields for themselves and refuse an intent in which one differs. Throws `VaultError`, `ChainClientError`, `ChainError`.
 */
export async function buildIntent(request: StartRequest, context: IntentContext): Promise<Intent> {
  if ((coldSegments as readonly string[]).includes(request.segment))
    throw new VaultError('cold-wallet-not-enabled', 'the cold wallet is not enabled: this vault holds no cold keys')
  const type = operationTypeOf(request.segment)
  if (type === undefined)
    throw new VaultError('unsupported-operation', `operations of type ${request.segment} are not in this release`)
  const { state, operationId, initiatorId, now } = context
  const metadata = {
    OperationID: operationId,
    InitiatorID: initiatorId,
    InitiatorName: initiatorId === '' ? '' : userOf(state, initiatorId).name,
    Timestamp: new Date(now).toISOString(),
  }
  const fields = await payloadOf(request, context)
  const intent = { OperationType: type, ...metadata, ...fields } as Intent
  encodeIntent(intent)
  return intent
}

/** The same intent with a new time: nobody has signed it yet. */
export function restamp(intent: Intent, now: number): Intent {
  return { ...intent, Timestamp: new Date(now).toISOString() }
}

export const readIntent = decodeIntent

async function payloadOf(request: StartRequest, context: IntentContext): Promise<object> {
  switch (request.segment) {
    case 'makeTransaction':
      checkFamily(request.payload, context.state)
      checkParameters(request.payload)
      return request.payload.RawTransaction === undefined
        ? structured(request.payload, context)
        : raw(request.payload, context.state)
    case 'genericSigning':
      return genericSigning(request.payload, context.state)
    case 'updateGroup':
      return {
        Group: request.payload.Group,
        AddUsers: request.payload.AddUsers ?? [],
        RemoveUsers: request.payload.RemoveUsers ?? [],
      }
    case 'deleteUser':
    case 'resetUser': {
      const { id, name } = userOf(context.state, request.payload.UserID)
      given('UserName', request.payload.UserName, name)
      return { UserID: id, UserName: name }
    }
    case 'updateRates':
      return { Updates: request.payload.Updates ?? [] }
    case 'unregisterToken':
      return { CAIP19: parseCaip19(request.payload.CAIP19).caip19 }
    case 'registerCustomChain': {
      const { ChainName, CAIP19, NativeAssetSymbol, TestNet, NativeAssetDecimals } = request.payload
      return {
        ChainName,
        TestNet: TestNet ?? false,
        CAIP19,
        NativeAssetSymbol,
        NativeAssetDecimals: NativeAssetDecimals ?? 18,
      }
    }
    case 'refreshMasterKey': {
      const { name, epoch } = activeMasterKeyOf(context.state, request.payload.Name)
      return { Name: name, Epoch: epoch + 1 }
    }
    case 'unfreeze':
      return { Freeze: request.payload.Freeze ?? context.state.freeze?.number ?? 0 }
    case 'foundAgain':
      return foundingEpochRecord(context.state)
    case 'seal':
      return foundingRecord(context.state)
    case 'registerToken':
      return { ...request.payload, CAIP19: parseCaip19(request.payload.CAIP19).caip19 }
    default:
      return request.payload
  }
}

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

async function structured(payload: Payload<'makeTransaction'>, { state, chains }: IntentContext): Promise<object> {
  if (payload.CAIP19 === undefined || payload.Destination === undefined)
    throw new VaultError('malformed', 'give CAIP19 and Destination, or RawTransaction')
  const CAIP19 = parseCaip19(payload.CAIP19).caip19
  const { chain, symbol, decimals } = assetOf(state, CAIP19)
  given('Asset', payload.Asset, symbol)
  given('ChainName', payload.ChainName, chain.name)
  given('TestNetwork', payload.TestNetwork, chain.testNetwork)
  const Source = sourceOf(state, payload.Source, chain.slip44)
  const Destination = payload.Destination.map(destination => destinationOf(state, destination, chain.slip44))
  const asked = payload.EVM ?? {}
  const base: StructuredRequest = {
    kind: 'structured',
    asset: CAIP19,
    source: Source.Address,
    destinations: Destination.map(({ Address, Amount }) => ({
      address: Address,
      amount: parseUnits(Amount, decimals),
    })),
    gas: 21_000n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    ...(asked.Data === undefined ? {} : { data: parseHex(asked.Data) }),
  }
  const context = chainContext(state, chain.caip2)
  const complete =
    asked.Gas !== undefined && asked.MaxFeePerGas !== undefined && asked.MaxPriorityFeePerGas !== undefined
  const caps: FeeCaps | undefined = complete
    ? undefined
    : await chains.evm(chain).feeCaps(
        requestParts(base, context).map(part => ({
          from: Source.Address,
          to: part.to,
          value: part.value,
          data: part.data,
        })),
      )
  const filled = (field: string | undefined, fallback: bigint | undefined): string =>
    BigInt(field ?? fallback ?? 0n).toString()
  const MaxFeePerGas = filled(asked.MaxFeePerGas, caps?.maxFeePerGas)
  const tip = BigInt(filled(asked.MaxPriorityFeePerGas, caps?.maxPriorityFeePerGas))
  const EVM = {
    Gas: filled(asked.Gas, caps?.gas),
    MaxFeePerGas,
    MaxPriorityFeePerGas: (asked.MaxPriorityFeePerGas === undefined && tip > BigInt(MaxFeePerGas)
      ? BigInt(MaxFeePerGas)
      : tip
    ).toString(),
    ...(asked.Nonce === undefined ? {} : { Nonce: BigInt(asked.Nonce).toString() }),
    ...(asked.Data === undefined ? {} : { Data: formatHex(parseHex(asked.Data)) }),
  }
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
    context,
  )
  return { ...fields, Function: { Name: effects.function } }
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

function genericSigning(payload: Payload<'genericSigning'>, state: VaultState): object {
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

function given<T>(field: string, value: T | undefined, computed: T): void {
  if (value !== undefined && value !== computed)
    throw new VaultError(
      'intent-mismatch',
      `${field} is ${String(computed)}, not ${String(value)}: correct it or leave it out`,
    )
}
