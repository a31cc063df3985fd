import type {
  AmountCriterion,
  Criterion,
  DestinationSelector,
  SourceSelector,
  TransactionRestriction,
} from '@trivault/protocol'
import { amountOf, type Decimal, exceeds, parseDecimal, times, zero } from './decimal.ts'
import type { Movement, Rate, TransactionSubject } from './types.ts'

/** Whether a restriction matches; `noRate` names what a conversion would need first. */
export type Match = boolean | { noRate: string }
export type Rates = (asset: string) => Rate | undefined

const one: Decimal = { units: 1n, scale: 0 }

/**
 * Whether every criterion of `restriction` matches `subject` (SPEC.md, "Matching"). All criteria are looked at, so that a
 * malformed one throws whatever the others say.
 */
export function matches(restriction: TransactionRestriction, subject: TransactionSubject, rates: Rates): Match {
  const known = [sourceMatches(restriction, subject), functionMatches(restriction, subject)]
  // What an opaque digest contains is the wallet's word: no statement about its contents can keep a restriction away.
  return subject.grade === 'opaque' ? all(known) : all([...known, ...contentsMatch(restriction, subject, rates)])
}

/**
 * Whether a restriction that matches permits an opaque signature: it names the function and says nothing about contents,
 * which cannot be checked.
 */
export function namesOpaque(restriction: TransactionRestriction, subject: TransactionSubject): boolean {
  const { RestrictionID, Approvers, Source, TransactionFunction, ...aboutContents } = restriction
  return (
    TransactionFunction?.Only?.includes(subject.function) === true &&
    Object.values(aboutContents).every(criterion => criterion === undefined)
  )
}

/**
 * Whether a restriction that matches does so for certain, and for all that the signature moves. Doubt and a second destination
 * make it match, which asks more of people; they must not let an automated key confirm (SPEC.md, section 1).
 */
export function covers(restriction: TransactionRestriction, subject: TransactionSubject): boolean {
  const { RestrictionID, Symbol: asset, Destination, ExternalDestination, Amount, Fee, TestNetwork } = restriction
  const { movements, grade, fee, testNetwork } = subject
  const speaksOf = (...criteria: unknown[]): boolean => criteria.some(criterion => criterion !== undefined)
  const inDoubt =
    (grade === 'opaque' && speaksOf(asset, Destination, ExternalDestination, Amount, Fee, TestNetwork)) ||
    (moreMayMove(subject) && speaksOf(asset, Amount)) ||
    (fee.amount === undefined && speaksOf(Fee)) ||
    (testNetwork === undefined && speaksOf(TestNetwork)) ||
    (movements.some(({ destination }) => destination === undefined) && speaksOf(Destination, ExternalDestination))
  if (inDoubt || !speaksOf(asset, Destination, ExternalDestination)) return !inDoubt
  const lists = { RestrictionID, Symbol: asset, Destination, ExternalDestination }
  return (
    movements.length > 0 &&
    movements.every(one => all(contentsMatch(lists, { ...subject, movements: [one] }, () => undefined)) === true)
  )
}

function sourceMatches({ Source }: TransactionRestriction, { source }: TransactionSubject): boolean {
  const same = (selector: SourceSelector) =>
    selector.MasterKeyName === source.masterKey &&
    (selector.AccountName === undefined || selector.AccountName === source.account)
  return Source === undefined || selects(Source, same)
}

function functionMatches({ TransactionFunction }: TransactionRestriction, subject: TransactionSubject): boolean {
  return TransactionFunction === undefined || selects(TransactionFunction, name => name === subject.function)
}

function contentsMatch(restriction: TransactionRestriction, subject: TransactionSubject, rates: Rates): Match[] {
  const { Amount, Fee, Destination, ExternalDestination, TestNetwork } = restriction
  const { movements } = subject
  const external = movements.filter(({ destination }) => destination?.internal === undefined)
  const out: Match[] = []
  if (Amount !== undefined) out.push(amountMatches(Amount, subject, rates))
  if (Fee !== undefined) out.push(any([above(Fee, subject.fee, subject.fee.amount, rates)]))
  if (restriction.Symbol !== undefined) {
    const listed = anySelected(restriction.Symbol, movements, (text, { symbol }) => text === symbol)
    out.push(moreMayMove(subject) || listed)
  }
  if (Destination !== undefined) out.push(anySelected(Destination, movements, isDestination))
  if (ExternalDestination !== undefined)
    out.push(
      external.length > 0 &&
        anySelected(ExternalDestination, external, (address, { destination }) =>
          sameAddress(address, destination?.address),
        ),
    )
  if (TestNetwork !== undefined) out.push(subject.testNetwork === undefined || TestNetwork === subject.testNetwork)
  return out
}

/** Only: one listed value fits. Except: none does. Both empty: always. */
function selects<T>({ Only = [], Except = [] }: Criterion<T>, fits: (listed: T) => boolean): boolean {
  if (Only.length > 0 && Except.length > 0) throw new TypeError('a criterion has Only and Except')
  return Only.length > 0 ? Only.some(fits) : !Except.some(fits)
}

/** One movement is enough. Without movements nothing is listed: as `selects` for a value that is on no list. */
function anySelected<T>(
  criterion: Criterion<T>,
  movements: Movement[],
  fits: (listed: T, movement: Movement) => boolean,
): boolean {
  const onNoList = selects(criterion, () => false)
  return movements.length === 0
    ? onNoList
    : movements.some(movement => selects(criterion, listed => fits(listed, movement)))
}

function isDestination(selector: DestinationSelector, { destination }: Movement): boolean {
  if (selector.Address !== undefined) return sameAddress(selector.Address, destination?.address)
  return (
    destination?.internal !== undefined &&
    selector.MasterKeyName === destination.internal.masterKey &&
    selector.AccountName === destination.internal.account
  )
}

/** EVM addresses are one number whatever their letter case; all other addresses are compared as text. */
export function comparable(address: string): string {
  return /^0x[0-9a-f]{40}$/i.test(address) ? address.toLowerCase() : address
}

function sameAddress(a: string, b: string | undefined): boolean {
  return b !== undefined && comparable(a) === comparable(b)
}

function amountMatches(criterion: AmountCriterion, subject: TransactionSubject, rates: Rates): Match {
  const checks = totals(subject.movements).map(total => above(criterion, total, total.amount, rates))
  return any([moreMayMove(subject), ...checks])
}

/** Unknown call data, init code and signed messages may move any asset, in any amount. */
function moreMayMove({ grade, movements }: TransactionSubject): boolean {
  return grade !== 'decoded' || movements.some(({ amount }) => amount === undefined)
}

/** One movement per asset: the sum, unknown as soon as one part is. Never below any single movement. */
function totals(movements: Movement[]): Movement[] {
  const byAsset = new Map<string, Movement>()
  for (const movement of movements) {
    if (movement.amount !== undefined) amountOf(movement.amount, movement.decimals)
    const sum = byAsset.get(movement.caip19)
    if (sum !== undefined && (sum.decimals !== movement.decimals || sum.symbol !== movement.symbol))
      throw new TypeError(`two descriptions of ${movement.caip19}`)
    const amount =
      sum === undefined
        ? movement.amount
        : sum.amount === undefined || movement.amount === undefined
          ? undefined
          : sum.amount + movement.amount
    byAsset.set(movement.caip19, { ...movement, amount })
  }
  return [...byAsset.values()]
}

type Asset = Pick<Movement, 'caip19' | 'symbol' | 'decimals'>

/** Strictly more than `Above` after conversion at the rates that make it most. An unknown amount is more than anything. */
function above({ Above, Currency }: AmountCriterion, asset: Asset, amount: bigint | undefined, rates: Rates): Match {
  const limit = Above === undefined ? zero : parseDecimal(Above)
  if (limit.units > 0n && Currency === undefined) throw new TypeError('Above without Currency')
  if (amount === undefined) return true
  const value = amountOf(amount, asset.decimals)
  // Nothing is worth nothing and anything is worth more than nothing, at any rate.
  if (value.units === 0n || limit.units === 0n || Currency === undefined) return value.units > 0n
  if (Currency !== 'USD' && (Currency === asset.symbol || Currency === asset.caip19)) return exceeds(value, limit)
  const most = highest(rates(asset.caip19) ?? rates(asset.symbol))
  if (most === undefined) return { noRate: asset.symbol }
  const least = Currency === 'USD' ? one : lowest(rates(Currency))
  if (least === undefined) return { noRate: Currency }
  return exceeds(times(value, most), times(limit, least))
}

/** The rate that makes an asset worth most, in dollars. */
export function highest(rate: Rate | undefined): Decimal | undefined {
  const text = rate?.usdMax ?? rate?.usdRate
  return text === undefined ? undefined : parseDecimal(text)
}

function lowest(rate: Rate | undefined): Decimal | undefined {
  const text = rate?.usdMin ?? rate?.usdRate
  return text === undefined ? undefined : parseDecimal(text)
}

/** One miss settles it; otherwise a missing rate does. */
function all(checks: Match[]): Match {
  return checks.includes(false) ? false : (missing(checks) ?? true)
}

/** One hit settles it; otherwise a missing rate does. */
function any(checks: Match[]): Match {
  return checks.includes(true) ? true : (missing(checks) ?? false)
}

function missing(checks: Match[]): { noRate: string } | undefined {
  const names = checks.flatMap(check => (typeof check === 'object' ? [check.noRate] : [])).sort()
  return names[0] === undefined ? undefined : { noRate: names[0] }
}
