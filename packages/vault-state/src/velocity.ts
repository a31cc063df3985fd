import { addSpending, exceedsVelocity, restrictionsFor, type Spending, type Spent, spendingOf } from '@trivault/policy'
import { type Intent, VaultError, type VelocityLimit } from '@trivault/protocol'
import { transactionSubject } from './signing.ts'
import type { VaultState } from './state.ts'

interface Use {
  restriction: string
  limit: VelocityLimit
  spending: Spending
}

/** Of one sum. A limit that counts in another way begins anew; another number does not. */
function sumKey({ restriction, limit, spending }: Use): string {
  return JSON.stringify([restriction, limit.Per, limit.Currency, limit.WindowSeconds, spending.key])
}

function usesOf(state: VaultState, intent: Intent): Use[] {
  const subject = transactionSubject(state, intent)
  if (subject === undefined) return []
  const limited = restrictionsFor(state.restrictionIndex, subject).filter(({ Velocity }) => Velocity !== undefined)
  return limited.flatMap(restriction => {
    const { RestrictionID, Velocity } = restriction
    const spending = spendingOf(restriction, subject, asset => state.rates.get(asset))
    if (Velocity === undefined || spending === undefined) return []
    if ('noRate' in spending)
      throw new VaultError('no-rate', `no rate for ${spending.noRate}, which restriction "${RestrictionID}" needs`)
    return spending.map(one => ({ restriction: RestrictionID, limit: Velocity, spending: one }))
  })
}

function spentOf(state: VaultState, use: Use): readonly Spent[] {
  return state.velocity.get(sumKey(use)) ?? []
}

/** Throws `VaultError` velocity-exceeded where an operation does not fit into a window that ends at `time` (log time, ms). */
export function checkVelocity(state: VaultState, intent: Intent, time: number): void {
  const full = usesOf(state, intent).find(use => exceedsVelocity(use.limit, spentOf(state, use), use.spending, time))
  if (full === undefined) return
  const { restriction, limit } = full
  throw new VaultError(
    'velocity-exceeded',
    `restriction "${restriction}" allows ${limit.Limit} ${limit.Currency} in ${limit.WindowSeconds} seconds per ${limit.Per}: wait, or change it`,
  )
}

/** Counts a whole operation, once, when its first part is executed: what is authorised is never given back. */
export function spendVelocity(state: VaultState, intent: Intent, time: number): VaultState {
  let { velocity } = state
  for (const use of usesOf(state, intent))
    velocity = velocity.set(sumKey(use), addSpending(use.limit, spentOf(state, use), use.spending, time))
  return { ...state, velocity }
}
