import { type CountedApproval, describeRequirement, fitsRequirement, type Requirement, unmet } from '@trivault/policy'
import { type Intent, type TransactionRestriction, VaultError, type VaultErrorCode } from '@trivault/protocol'
import { checkIntent } from './administration.ts'
import { requireThawed } from './freeze.ts'
import { activeKeyOf } from './lookup.ts'
import { approverOf, decisionFor, explanationFor } from './needs.ts'
import { PersistentMap } from './persistent-map.ts'
import { withRestrictions } from './restrictions.ts'
import { delayOf } from './settings.ts'
import { isSigning } from './signing.ts'
import { userKey, type VaultState } from './state.ts'
import { checkVelocity } from './velocity.ts'

/** What stands in the way, by the code and words of the nodes. */
export interface Obstacle {
  code: VaultErrorCode
  reason: string
}

/** What would become of an intent, without any of it happening. */
export interface DryRun {
  /** It would never be executed as it stands. */
  blocked: Obstacle | undefined
  /** What it needs in all, and what the given approvals leave open, in words. */
  needs: string[]
  unmet: string[]
  /** Every restriction of its kind, by id. */
  restrictions: {
    id: string
    matches: boolean
    /** The first thing that a matching restriction still asks for, or why it blocks. */
    firstUnmet: string | undefined
  }[]
  /** What holds it up although it is approved: a freeze, a full window, the delay for loosening. */
  heldUp: Obstacle[]
}

export interface DryRunOptions {
  /** A draft of all transaction restrictions, instead of those in force. */
  restrictions?: readonly TransactionRestriction[] | undefined
  /** Users whose approvals are supposed. Those without a device key count for nothing. */
  approvals?: readonly string[] | undefined
  /** Log time, in milliseconds. */
  time: number
}

/**
 * Judges an intent by the rules of the nodes, as they are or by a draft. Pure, and the same code as the nodes', so that what it
 * says is what they would decide. Never throws `VaultError`: a refusal is its result.
 */
export function dryRun(current: VaultState, intent: Intent, options: DryRunOptions): DryRun {
  const { restrictions, approvals = [], time } = options
  const state = restrictions === undefined ? current : withRestrictions(current, draftOf(restrictions))
  const given = approvals
    .filter(user => activeKeyOf(state, user) !== undefined)
    .map(user => approverOf(state, userKey(user)))
  const decision = decisionFor(state, intent)
  const requirements = decision.kind === 'needs' ? decision.requirements : []
  const open = unmet(requirements, given)
  return {
    blocked:
      decision.kind === 'blocked'
        ? { code: decision.code, reason: decision.reason }
        : state.operations.has(intent.OperationID)
          ? undefined
          : obstacle(() => checkIntent(state, intent)),
    needs: requirements.map(describeRequirement),
    unmet: open.map(describeRequirement),
    restrictions: explanationFor(state, intent)
      .map(({ id, decision: own }) => ({
        id,
        matches: own !== undefined,
        firstUnmet:
          own === undefined ? undefined : own.kind === 'blocked' ? own.reason : firstUnmet(own.requirements, given),
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    heldUp: heldUp(state, intent, time),
  }
}

function draftOf(restrictions: readonly TransactionRestriction[]): PersistentMap<TransactionRestriction> {
  let draft = PersistentMap.empty<TransactionRestriction>()
  for (const restriction of restrictions) draft = draft.set(restriction.RestrictionID, restriction)
  return draft
}

function firstUnmet(requirements: readonly Requirement[], given: readonly CountedApproval[]): string | undefined {
  const [first] = unmet(requirements, given)
  if (first === undefined) return undefined
  const have = given.filter(approval => fitsRequirement(first, approval)).length
  return `${describeRequirement(first)}${have === 0 ? '' : `; ${have} given`}`
}

/** What stands in the way of executing a fully approved operation now. */
export function heldUp(state: VaultState, intent: Intent, time: number, waitsUntil?: number): Obstacle[] {
  const signs = isSigning(intent)
  const delay = waitsUntil === undefined ? delayOf(state, intent) : Math.max(0, waitsUntil - time)
  const until = new Date(time + delay).toISOString()
  return [
    signs ? obstacle(() => requireThawed(state)) : undefined,
    signs ? obstacle(() => checkVelocity(state, intent, time)) : undefined,
    delay > 0 ? { code: 'delay-not-over' as const, reason: `a loosening acts at ${until} at the earliest` } : undefined,
  ].filter(one => one !== undefined)
}

function obstacle(check: () => void): Obstacle | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (error instanceof VaultError) return { code: error.code, reason: error.message }
    throw error
  }
}
