import { caip2Of, type Effects, type Signing } from './effects.ts'
import type { Rate, Restriction, Rules } from './rules.ts'

/** What an operation adds to one sum, in the limit's currency with 18 decimals. */
interface Spending {
  key: string
  amount: bigint
}

export const highest = (rate: Rate | undefined): number | undefined => rate?.max ?? rate?.spot
export const lowest = (rate: Rate | undefined): number | undefined => rate?.min ?? rate?.spot
const limitOf = (limit: number): bigint => BigInt(Math.round(limit * 1e6)) * 10n ** 12n

/** Undefined: nobody can tell how much, or a rate is missing; no window is wide enough for that. */
function spendingOf(
  { Velocity }: Restriction,
  intent: Signing,
  effects: Effects,
  { tokens, rates }: Rules,
): Spending[] | undefined {
  if (Velocity === undefined) return []
  const { Per, Currency } = Velocity
  if (effects.opaque || effects.movements.some(({ amount }) => amount === undefined)) return undefined
  const fee = { asset: `${caip2Of(intent.CAIP19)}/slip44:60`, amount: effects.fee, to: undefined }
  const sums = new Map<string, bigint>()
  for (const { asset, amount = 0n, to } of Per === 'destination' ? effects.movements : [...effects.movements, fee]) {
    const { symbol, decimals } = tokens.get(asset) ?? { symbol: 'ETH', decimals: 18 }
    if (amount === 0n || ![symbol, asset, 'USD'].includes(Currency)) continue
    const rate = Currency === 'USD' ? highest(rates.get(symbol)) : 1
    if (rate === undefined) return undefined
    const { MasterKeyName, AccountName } = intent.Source
    const keys = { vault: '', source: `${MasterKeyName}/${AccountName}`, destination: to?.toLowerCase(), asset }
    const key = keys[Per] ?? ''
    sums.set(key, (sums.get(key) ?? 0n) + amount * 10n ** BigInt(18 - decimals) * BigInt(rate))
  }
  return [...sums].map(([key, amount]) => ({ key, amount }))
}

export function fitsAlone(restriction: Restriction, intent: Signing, effects: Effects, rules: Rules): boolean {
  const { Velocity } = restriction
  return (
    Velocity === undefined ||
    spendingOf(restriction, intent, effects, rules)?.every(({ amount }) => amount <= limitOf(Velocity.Limit)) === true
  )
}

interface Use {
  id: string
  restriction: Restriction
  amount: bigint | undefined
}

/** Everything that was ever spent, by the second: no step, no widening. */
export class Spent {
  readonly #spent = new Map<string, { time: number; amount: bigint }[]>()

  /** Whether the operation stays within each limit in the window that ends now, or in one longer by `more` ms. */
  fits(limits: readonly Restriction[], intent: Signing, effects: Effects, rules: Rules, time: number): Fit {
    const within = (more: (window: number) => number): boolean =>
      this.#uses(limits, intent, effects, rules).every(({ id, restriction: { Velocity }, amount }) => {
        if (Velocity === undefined || amount === undefined) return amount !== undefined
        const window = Velocity.WindowSeconds * 1000
        const begin = time - window - more(window)
        const sum = (this.#spent.get(id) ?? []).reduce(
          (all, one) => (one.time > begin ? all + one.amount : all),
          amount,
        )
        return sum <= limitOf(Velocity.Limit)
      })
    if (!within(() => 0)) return 'never'
    // SPEC.md counts in steps of a hundredth of the window and adds two clocks' skew.
    return within(window => 120_000 + Math.max(1000, window / 100) + 1) ? 'surely' : 'perhaps'
  }

  add(limits: readonly Restriction[], intent: Signing, effects: Effects, rules: Rules, time: number): void {
    for (const { id, amount = 0n } of this.#uses(limits, intent, effects, rules)) {
      const sum = this.#spent.get(id) ?? []
      sum.push({ time, amount })
      this.#spent.set(id, sum)
    }
  }

  #uses(limits: readonly Restriction[], intent: Signing, effects: Effects, rules: Rules): Use[] {
    return limits.flatMap((restriction): Use[] => {
      const { RestrictionID, Velocity } = restriction
      const of = (key: string) => JSON.stringify([RestrictionID, { ...Velocity, Limit: 0 }, key])
      const spending = spendingOf(restriction, intent, effects, rules)
      if (spending === undefined) return [{ id: of(''), restriction, amount: undefined }]
      return spending.map(({ key, amount }) => ({ id: of(key), restriction, amount }))
    })
  }
}

export type Fit = 'never' | 'perhaps' | 'surely'
