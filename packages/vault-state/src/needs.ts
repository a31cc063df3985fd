import { fromBase64 } from '@trivault/codec'
import {
  type CountedApproval,
  type Decision,
  decide,
  explain,
  fitsRequirement,
  mergeRequirements,
  type PolicyView,
  type Requirement,
  restrictionsFor,
  type Subject,
  type TransactionSubject,
  unmet,
} from '@trivault/policy'
import {
  type Intent,
  type IntentOf,
  type OperationClass,
  operationTypes,
  type Status,
  VaultError,
} from '@trivault/protocol'
import { isFreeKey, isWeak } from './founding.ts'
import { activeKeyOf, groupsOf } from './lookup.ts'
import { areSpotRates } from './rates.ts'
import { transactionSubject } from './signing.ts'
import { type Operation, userKey, type VaultState } from './state.ts'

function policyView(state: VaultState, transaction?: TransactionSubject): PolicyView {
  return {
    profile: state.genesis.profile,
    ownerGroup: state.setup?.ownerGroup,
    ownersRequired: state.setup?.ownersRequired ?? 1,
    moneyDefault: state.settings.moneyDefault,
    restrictions: transaction === undefined ? [] : restrictionsFor(state.restrictionIndex, transaction),
    configRestrictions: state.configRestrictions.values(),
    policyRestrictions: state.policyRestrictions.values(),
    noSelfApproval: state.settings.noSelfApproval,
    rate: asset => state.rates.get(asset),
  }
}

/** The class of an operation now: during founding some authority is free (protocol-notes §2, §3). */
export function classOf(state: VaultState, intent: Intent): OperationClass {
  if (state.sealedAt === undefined) {
    if (intent.OperationType === 'create master key') return 'free'
    if (intent.OperationType === 'set user public key' && isFreeKey(state, intent.UserID, keyIn(intent))) return 'free'
  }
  if (intent.OperationType === 'update rates' && areSpotRates(state, intent.Updates)) return 'free'
  return operationTypes[intent.OperationType].class
}

function keyIn({ PublicKey }: IntentOf<'set user public key'>): Uint8Array {
  try {
    return fromBase64(PublicKey)
  } catch {
    return new Uint8Array(0)
  }
}

/** Every founder seals the vault; the quorum comes after. */
function sealing({ setup, groups }: VaultState): Decision {
  const members = setup && groups.get(setup.ownerGroup)?.members
  if (setup === undefined || members === undefined || members.length === 0)
    return { kind: 'blocked', code: 'not-set-up', reason: 'the vault has no owner group yet: set it up first' }
  const because = 'every founder compares the fingerprints and seals the vault'
  const all: Requirement = { kind: 'groups', groups: [setup.ownerGroup], count: members.length, because }
  return { kind: 'needs', requirements: [all] }
}

/**
 * What an intent needs by the rules as they stand now. Pure; the same on nodes, wallet and console. Never throws: an intent
 * that no longer makes sense in this vault is blocked.
 */
export function decisionFor(state: VaultState, intent: Intent): Decision {
  if (intent.OperationType === 'seal') return sealing(state)
  // The node admins' three signatures were checked when they came; the owners' part is the veto.
  if (intent.OperationType === 'found again') return { kind: 'needs', requirements: [] }
  const subject = subjectOf(state, intent)
  return 'kind' in subject ? subject : decide(subject, policyView(state, subject.transaction))
}

/** What each restriction of the intent's kind asks for by itself; undefined where it does not match. */
export function explanationFor(state: VaultState, intent: Intent): { id: string; decision: Decision | undefined }[] {
  const subject = subjectOf(state, intent)
  return 'kind' in subject ? [] : explain(subject, { ...policyView(state), restrictions: state.restrictions.values() })
}

function subjectOf(state: VaultState, intent: Intent): Subject | Extract<Decision, { kind: 'blocked' }> {
  let transaction: TransactionSubject | undefined
  try {
    transaction = transactionSubject(state, intent)
  } catch (error) {
    if (error instanceof VaultError) return { kind: 'blocked', code: error.code, reason: error.message }
    return { kind: 'blocked', code: 'internal-error', reason: 'the effects of the intent could not be computed' }
  }
  const id = userKey(intent.InitiatorID)
  const key = id === '' ? undefined : activeKeyOf(state, id)
  return {
    type: intent.OperationType,
    class: classOf(state, intent),
    initiator:
      id === ''
        ? undefined
        : {
            userId: id,
            hasKey: key !== undefined,
            automated: key?.channel === 'automated',
            groups: groupsOf(state, id),
          },
    ...(transaction === undefined ? {} : { transaction }),
  }
}

/** Approvals whose key and membership are still active. */
export function countedApprovals(state: VaultState, operation: Operation): CountedApproval[] {
  return operation.approvals
    .filter(approval => activeKeyOf(state, approval.user)?.id === approval.keyId)
    .map(approval => approverOf(state, approval.user))
}

/** What this user's approval is good for now. */
export function approverOf(state: VaultState, user: string): CountedApproval {
  const key = activeKeyOf(state, user)
  return { user, groups: groupsOf(state, user), weak: key !== undefined && isWeak(state, key) }
}

/** Whether an operation can ever be executed, and what it needs for that. */
export type Standing =
  | { kind: 'blocked'; code: Extract<Decision, { kind: 'blocked' }>['code']; reason: string }
  | { kind: 'open'; requirements: Requirement[]; unmet: Requirement[] }

/** needs(at start) ∪ needs(now) against the approvals that still count: tightening acts at once, loosening never helps. */
export function standingOf(state: VaultState, operation: Operation): Standing {
  const now = decisionFor(state, operation.intent)
  if (now.kind === 'blocked') return { kind: 'blocked', code: now.code, reason: now.reason }
  const requirements = mergeRequirements(operation.needsAtStart, now.requirements)
  return { kind: 'open', requirements, unmet: unmet(requirements, countedApprovals(state, operation)) }
}

/** The contract's status of an operation. */
export function statusOf(state: VaultState, operation: Operation): Status {
  if (operation.phase === 'succeeded') return 'Succeeded'
  if (operation.phase === 'failed') return 'Failed'
  if (operation.phase === 'executing')
    return operation.executions.some(execution => execution.signature === undefined) ? 'Pending signature' : 'Executing'
  const standing = standingOf(state, operation)
  if (standing.kind === 'blocked') return 'Pending approval'
  if (standing.unmet.some(requirement => requirement.kind === 'initiator')) return 'Pending confirmation'
  return standing.unmet.length > 0 ? 'Pending approval' : 'Pending execution'
}

/** May this user's signature still count for the operation? */
export function canApprove(state: VaultState, operation: Operation, user: string): boolean {
  if (operation.phase !== 'pending') return false
  if (countedApprovals(state, operation).some(approval => approval.user === userKey(user))) return false
  const standing = standingOf(state, operation)
  return standing.kind === 'open' && standing.requirements.some(requirement => fits(state, requirement, user))
}

/** Users with an active key who could still approve, sorted. */
export function awaitedApprovers(state: VaultState, operation: Operation): string[] {
  const standing = standingOf(state, operation)
  if (operation.phase !== 'pending' || standing.kind === 'blocked') return []
  const done = new Set(countedApprovals(state, operation).map(approval => approval.user))
  return state.users
    .keys()
    .filter(
      user =>
        !done.has(user) &&
        activeKeyOf(state, user) !== undefined &&
        standing.unmet.some(requirement => fits(state, requirement, user)),
    )
    .sort()
}

/** Could this user's approval, with the groups of now, help to meet the requirement? */
export function fits(state: VaultState, requirement: Requirement, user: string): boolean {
  return fitsRequirement(requirement, approverOf(state, user))
}
