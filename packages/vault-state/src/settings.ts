import {
  type Intent,
  type IntentOf,
  require,
  type TransactionRestriction,
  transactionRestriction,
} from '@trivault/protocol'
import { isWeak } from './founding.ts'
import { activeKeyOf } from './lookup.ts'
import { classOf } from './needs.ts'
import type { VaultState } from './state.ts'

const hour = 3600
const day = 24 * hour
/** What owners have to veto a new founding; no setting shortens it. */
const foundingDelay = 7 * day * 1000

/** Throws `VaultError` bad-settings. */
export function updateSettings(state: VaultState, intent: IntentOf<'update settings'>): VaultState {
  const { settings } = state
  const { PendingExpirySeconds, LooseningDelaySeconds } = intent
  const { NoSelfApproval = settings.noSelfApproval, MoneyDefault = settings.moneyDefault } = intent
  const seconds = (field: string, given: number | undefined, current: number, least: number, most: number): number => {
    require(given === undefined ||
      (given >= least && given <= most), 'bad-settings', `${field}: from ${least} to ${most}`)
    return given === undefined ? current : given * 1000
  }
  return {
    ...state,
    settings: {
      // Less would leave the owners no time to change it back.
      pendingLifetime: seconds('PendingExpirySeconds', PendingExpirySeconds, settings.pendingLifetime, hour, 366 * day),
      looseningDelay: seconds('LooseningDelaySeconds', LooseningDelaySeconds, settings.looseningDelay, 0, 90 * day),
      noSelfApproval: NoSelfApproval,
      moneyDefault: MoneyDefault,
    },
  }
}

/** How long an approved change waits before it acts, in milliseconds of log time: all but the closed list of tightenings. */
export function delayOf(state: VaultState, intent: Intent): number {
  const { looseningDelay } = state.settings
  if (intent.OperationType === 'found again') return foundingDelay
  return looseningDelay > 0 && classOf(state, intent) === 'authority' && !isTightening(state, intent)
    ? looseningDelay
    : 0
}

/**
 * The closed list of changes that act at once (protocol-notes §8): a restriction under a new id, a lower limit, a removed key,
 * member or allow-list entry; and the owner quorum put back on money. In doubt a change is a loosening.
 */
export function isTightening(state: VaultState, intent: Intent): boolean {
  switch (intent.OperationType) {
    case 'delete user':
    case 'reset user':
      return true
    case 'update group':
      return intent.AddUsers.length === 0
    case 'update config restriction':
    case 'update policy restriction':
      return intent.Delete === undefined
    case 'update transaction restriction': {
      const { Add, Delete } = intent
      if (Add === undefined || namesWeak(state, Add)) return false
      if (Delete === undefined) return !permitsOpaque(Add)
      const before = state.restrictions.get(Delete.RestrictionID)
      return before !== undefined && isTighter(before, Add)
    }
    case 'update settings':
      return raisesOnlyMoney(intent)
    default:
      return false
  }
}

/** Whatever else the change sets may loosen: then all of it waits. */
function raisesOnlyMoney(intent: IntentOf<'update settings'>): boolean {
  const { OperationType, OperationID, InitiatorID, InitiatorName, Timestamp, MoneyDefault, ...others } = intent
  return MoneyDefault === 'owner quorum' && Object.keys(others).length === 0
}

/** The one thing that a restriction can permit: bare digests (packages/policy/SPEC.md, section 4). */
function permitsOpaque({ TransactionFunction }: TransactionRestriction): boolean {
  return TransactionFunction?.Only?.includes('raw digest') === true
}

/** Where a restriction names its group, an automated key of an enclave confirms in the place of an owner. */
function namesWeak(state: VaultState, { Approvers = [] }: TransactionRestriction): boolean {
  const members = Approvers.flatMap(({ Groups }) => Groups).flatMap(group => state.groups.get(group)?.members ?? [])
  return members.some(member => {
    const key = activeKeyOf(state, member)
    return key !== undefined && isWeak(state, key)
  })
}

type Lists = { Only?: unknown[]; Except?: unknown[] }

/** Is `after` the same restriction but for lower limits and shorter lists of exceptions? */
function isTighter(before: TransactionRestriction, after: TransactionRestriction): boolean {
  const tightened: TransactionRestriction = { ...before }
  for (const field of ['Amount', 'Fee'] as const) {
    const [old, now] = [before[field], after[field]]
    if (isAtMost(old?.Above, now?.Above) && old?.Currency === now?.Currency) tightened[field] = now as typeof old
  }
  const { Velocity } = after
  if (Velocity !== undefined && (before.Velocity === undefined || isAtMost(before.Velocity.Limit, Velocity.Limit)))
    tightened.Velocity = { ...(before.Velocity ?? Velocity), Limit: Velocity.Limit }
  for (const field of ['Symbol', 'Source', 'Destination', 'ExternalDestination', 'TransactionFunction'] as const) {
    const [old, now]: [Lists?, Lists?] = [before[field], after[field]]
    const kept = new Set(old?.Except?.map(entry => JSON.stringify(entry)))
    // A criterion that was absent is not one without exceptions: "any external destination" leaves out the internal ones.
    if (
      old !== undefined &&
      now?.Except?.every(entry => kept.has(JSON.stringify(entry))) &&
      (old.Only ?? []).length === 0
    )
      Object.assign(tightened, { [field]: { ...old, Except: now.Except } })
  }
  return transactionRestriction.write(tightened) === transactionRestriction.write(after)
}

function isAtMost(before: string | undefined, after: string | undefined): boolean {
  if (before === undefined || after === undefined) return false
  const digits = Math.max(...[before, after].map(text => text.split('.')[1]?.length ?? 0))
  const units = (text: string): bigint => {
    const [whole = '', fraction = ''] = text.split('.')
    return BigInt(whole + fraction.padEnd(digits, '0'))
  }
  return units(after) <= units(before)
}
