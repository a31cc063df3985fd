import type { TransactionRestriction, VelocityLimit } from '@trivault/protocol'
import { comparable, highest, matches, type Rates } from './criteria.ts'
import { amountOf, type Decimal, exceeds, parseDecimal, plus, times, zero } from './decimal.ts'
import type { Movement, TransactionSubject } from './types.ts'

/** Two clocks' skew: windows are longer by this, so that no window holds more than its limit (I5). */
const widening = 120_000
/** A window is counted in this many steps: what leaves it, leaves at most one step late. */
const steps = 100

/** What an operation adds to one sum of a limit, in the limit's currency. Unknown: more than any limit. */
export interface Spending {
  /** What the sum is about, by the limit's `Per`. */
  key: string
  amount: Decimal | undefined
}

/** What moved in one step of the window. */
export interface Spent {
  /** Number of the step since 1970. */
  step: number
  sum: Decimal
}

/**
 * What an operation that `restriction` matches adds to the sums of its velocity limit (SPEC.md, section 5); undefined where it
 * has no limit or does not match. `noRate` names what a conversion would need.
 */
export function spendingOf(
  restriction: TransactionRestriction,
  subject: TransactionSubject,
  rates: Rates,
): Spending[] | { noRate: string } | undefined {
  const { Velocity } = restriction
  if (Velocity === undefined || matches(restriction, subject, rates) !== true) return undefined
  // Unknown contents may move anything of anyone.
  if (subject.grade !== 'decoded' || [subject.fee, ...subject.movements].some(({ amount }) => amount === undefined))
    return [{ key: '', amount: undefined }]
  const { Per, Currency } = Velocity
  // The fee goes to the chain, not to a destination.
  const moved: Movement[] =
    Per === 'destination' ? subject.movements : [...subject.movements, { ...subject.fee, destination: undefined }]
  const sums = new Map<string, Decimal>()
  for (const movement of moved) {
    if (movement.amount === 0n) continue
    const worth = worthIn(Currency, movement, rates)
    if (worth === undefined) continue
    if ('noRate' in worth) return worth
    const key = keyOf(Per, movement, subject)
    sums.set(key, plus(sums.get(key) ?? zero, worth))
  }
  return [...sums].map(([key, amount]) => ({ key, amount })).sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Does `spending`, on top of what was spent in the window that ends at `time` (ms), go beyond the limit? */
export function exceedsVelocity(
  limit: VelocityLimit,
  spent: readonly Spent[],
  { amount }: Spending,
  time: number,
): boolean {
  if (amount === undefined) return true
  const counted = inWindow(limit, spent, time).reduce((sum, one) => plus(sum, one.sum), amount)
  return exceeds(counted, parseDecimal(limit.Limit))
}

/** `spent` with `spending` at `time` (ms), without what has left the window. */
export function addSpending(
  limit: VelocityLimit,
  spent: readonly Spent[],
  { amount = zero }: Spending,
  time: number,
): Spent[] {
  const step = Math.floor(time / stepOf(limit))
  const counted = inWindow(limit, spent, time)
  const now = counted.find(one => one.step === step)
  return [...counted.filter(one => one !== now), { step, sum: plus(now?.sum ?? zero, amount) }]
}

function inWindow(limit: VelocityLimit, spent: readonly Spent[], time: number): Spent[] {
  const begin = time - limit.WindowSeconds * 1000 - widening
  return spent.filter(({ step }) => (step + 1) * stepOf(limit) > begin)
}

const stepOf = ({ WindowSeconds }: VelocityLimit): number => Math.max(1000, Math.ceil((WindowSeconds * 1000) / steps))

/** In USD by the rate that makes it most; in an asset only that asset, unconverted. */
function worthIn(currency: string, asset: Movement, rates: Rates): Decimal | { noRate: string } | undefined {
  if (asset.amount === undefined) return undefined
  const amount = amountOf(asset.amount, asset.decimals)
  if (currency !== 'USD') return currency === asset.symbol || currency === asset.caip19 ? amount : undefined
  const most = highest(rates(asset.caip19) ?? rates(asset.symbol))
  return most === undefined ? { noRate: asset.symbol } : times(amount, most)
}

function keyOf(per: VelocityLimit['Per'], { caip19, destination }: Movement, { source }: TransactionSubject): string {
  switch (per) {
    case 'vault':
      return ''
    case 'source':
      return `${source.masterKey}/${source.account}`
    case 'asset':
      return caip19
    case 'destination':
      return comparable(destination?.address ?? '')
  }
}
