import { type ChainContext, decodeCall, decodeEffects, formatHex, formatUnits, parseHex } from '@trivault/chains'
import { parseDecimal, times } from '@trivault/policy'
import type { FunctionName, Grade, Intent, IntentOf, OperationClass, OperationType } from '@trivault/protocol'
import { operationTypes } from '@trivault/protocol'
import { assetOf, chainContext, intentEffects, transactionSubject, type VaultState } from '@trivault/vault-state'
import { describeIntent } from './describe-intent.ts'
import { titleOfChange, titleOfSigning } from './titles.ts'

export interface SummaryAmount {
  /** Decimal in major units; undefined when the bytes do not tell. */
  readonly amount: string | undefined
  readonly symbol: string
  /** CAIP-19. */
  readonly asset: string
  /** US dollars by the highest rate that the owners approved; undefined without one. */
  readonly usd: string | undefined
}

export interface SummaryMovement extends SummaryAmount {
  /** Full address; undefined when the bytes name none. */
  readonly to: string | undefined
  /** The vault's own account behind the address. */
  readonly own: { readonly masterKey: string; readonly account: string } | undefined
}

/** What a signature would do, for a screen. */
export interface SigningSummary {
  readonly function: FunctionName
  readonly grade: Grade
  readonly chain: { readonly name: string; readonly caip2: string; readonly testNetwork: boolean }
  readonly from: {
    readonly address: string
    readonly masterKey: string
    readonly account: string
    readonly index: number
  }
  readonly movements: readonly SummaryMovement[]
  readonly fee: SummaryAmount
  /** The text that is signed, line by line; undefined of a transaction. */
  readonly message: readonly string[] | undefined
  /** Function name and arguments of the call data, as far as they are known. */
  readonly call: string | undefined
  readonly data: string | undefined
}

/** An operation in the words of a screen; `lines` say the same and more, as the command line does. */
export interface Summary {
  readonly type: OperationType
  readonly class: OperationClass
  readonly title: string
  readonly signing: SigningSummary | undefined
  readonly lines: readonly string[]
  readonly warnings: readonly string[]
  /** The wallet's word. */
  readonly initiator: string
  readonly written: string
}

/** Throws `VaultError` or `ChainError` for what cannot be decoded: then nobody should approve it. */
export function summaryOf(state: VaultState, intent: Intent): Summary {
  const lines = describeIntent(state, intent)
  const signing = signingOf(state, intent)
  return {
    type: intent.OperationType,
    class: operationTypes[intent.OperationType].class,
    title: signing === undefined ? titleOfChange(intent) : titleOf(signing),
    signing,
    lines,
    // Indented lines are quoted: a message must not warn in this program's voice.
    warnings: lines.filter(
      line => !line.startsWith('  ') && /WARNING|OPAQUE|REPLACES|ALONE|: NO,|NOT the key/.test(line),
    ),
    initiator: intent.InitiatorID,
    written: intent.Timestamp,
  }
}

function titleOf({ function: name, movements }: SigningSummary): string {
  const moved = movements.map(({ amount, symbol }) => (amount === undefined ? `some ${symbol}` : `${amount} ${symbol}`))
  return titleOfSigning(name, moved)
}

function signingOf(state: VaultState, intent: Intent): SigningSummary | undefined {
  if (intent.OperationType !== 'make transaction' && intent.OperationType !== 'generic signing') return undefined
  const subject = transactionSubject(state, intent)
  const effects = intentEffects(state, intent)
  if (subject === undefined || effects === undefined) return undefined
  const message = 'typeOfSigning' in effects ? effects.text : undefined
  const context = chainContext(state, assetOf(state, intent.CAIP19).chain.caip2)
  const { chain } = context
  const { MasterKeyName, AccountName, AddressIndex } = intent.Source
  const amountOf = (asset: string, symbol: string, decimals: number, amount: bigint | undefined): SummaryAmount => {
    const text = amount === undefined ? undefined : formatUnits(amount, decimals)
    return { amount: text, symbol, asset, usd: text === undefined ? undefined : inDollars(state, asset, symbol, text) }
  }
  const { fee } = subject
  return {
    function: subject.function,
    grade: subject.grade,
    chain: { name: chain.name, caip2: chain.caip2, testNetwork: chain.testNetwork },
    from: {
      address: effects.from,
      masterKey: MasterKeyName,
      account: AccountName,
      index: AddressIndex,
    },
    // Policy takes a message for a movement of an unknown amount; what it moves, if anything, is elsewhere.
    movements: (message === undefined ? subject.movements : []).map(
      ({ caip19, symbol, decimals, amount, destination }) => ({
        ...amountOf(caip19, symbol, decimals, amount),
        to: destination?.address,
        own: destination?.internal,
      }),
    ),
    fee: amountOf(fee.caip19, fee.symbol, fee.decimals, fee.amount),
    message,
    ...dataOf(intent, context),
  }
}

function dataOf(
  intent: IntentOf<'make transaction'> | IntentOf<'generic signing'>,
  context: ChainContext,
): Pick<SigningSummary, 'call' | 'data'> {
  const data = callDataOf(intent, context)
  if (data === undefined || data.length === 0) return { call: undefined, data: undefined }
  const call = decodeCall(data)
  const words = call?.words.map(({ name, value }) => `${name} ${value}`).join(', ')
  return { call: call && `${call.name}(${words})`, data: formatHex(data) }
}

function callDataOf(
  intent: IntentOf<'make transaction'> | IntentOf<'generic signing'>,
  context: ChainContext,
): Uint8Array | undefined {
  if (intent.OperationType === 'generic signing') return undefined
  const { RawTransaction, Source, EVM } = intent
  if (RawTransaction !== undefined) return decodeEffects(parseHex(RawTransaction), Source.Address, context).data
  return EVM?.Data === undefined ? undefined : parseHex(EVM.Data)
}

/** By the highest approved rate, as the nodes convert; rounded to cents. */
function inDollars({ rates }: VaultState, asset: string, symbol: string, amount: string): string | undefined {
  const rate = rates.get(asset) ?? rates.get(symbol)
  const highest = rate?.usdMax ?? rate?.usdRate
  if (highest === undefined) return undefined
  const { units, scale } = times(parseDecimal(amount), parseDecimal(highest))
  const cents =
    scale >= 2
      ? (units + (5n * 10n ** BigInt(scale - 2)) / 10n) / 10n ** BigInt(scale - 2)
      : units * 10n ** BigInt(2 - scale)
  return formatUnits(cents, 2)
}
