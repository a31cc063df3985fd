import { indexRestrictions } from '@trivault/policy'
import {
  type ApproverRestriction,
  approverRestriction,
  functionNames,
  type IntentOf,
  require,
  type TransactionRestriction,
  transactionRestriction,
  VaultError,
} from '@trivault/protocol'
import { activeKeyOf, groupOf } from './lookup.ts'
import type { PersistentMap } from './persistent-map.ts'
import { checkQuorums } from './quorums.ts'
import type { VaultState } from './state.ts'

interface Change<R> {
  Add?: R
  Delete?: R
}

/** Deletes, adds, or replaces one. Throws `VaultError` unknown-restriction, bad-restriction, unknown-group. */
export function updateTransactionRestriction(
  state: VaultState,
  change: IntentOf<'update transaction restriction'>,
): VaultState {
  for (const listed of [
    ...(change.Add?.TransactionFunction?.Only ?? []),
    ...(change.Add?.TransactionFunction?.Except ?? []),
  ])
    require(functionNames.some(
      known => known === listed,
    ), 'bad-restriction', `TransactionFunction: no function is named "${listed}": one of ${functionNames.join(', ')}`)
  const write = (restriction: TransactionRestriction) => transactionRestriction.write(restriction)
  return withRestrictions(state, changed(state, state.restrictions, change, write))
}

/** The state with these transaction restrictions and their index. */
export function withRestrictions(state: VaultState, restrictions: PersistentMap<TransactionRestriction>): VaultState {
  return { ...state, restrictions, restrictionIndex: indexRestrictions(restrictions.values()) }
}

/** Deletes, adds, or replaces one. Throws `VaultError` unknown-restriction, bad-restriction, unknown-group. */
export function updateConfigRestriction(state: VaultState, change: IntentOf<'update config restriction'>): VaultState {
  return { ...state, configRestrictions: changed(state, state.configRestrictions, change, approverRestriction.write) }
}

/** These govern their own change, so one that nobody can satisfy could never be removed. Throws `VaultError`. */
export function updatePolicyRestriction(state: VaultState, change: IntentOf<'update policy restriction'>): VaultState {
  require(change.Add === undefined ||
    (change.Add.Approvers ?? []).length >
      0, 'bad-restriction', 'a policy restriction needs Approvers: without any nobody could ever change a restriction again')
  const policyRestrictions = changed(state, state.policyRestrictions, change, approverRestriction.write)
  return checkQuorums({ ...state, policyRestrictions }, member => activeKeyOf(state, member) !== undefined)
}

/** `write` gives the canonical text by which two restrictions are compared. */
function changed<R extends ApproverRestriction>(
  state: VaultState,
  restrictions: PersistentMap<R>,
  { Add, Delete }: Change<R>,
  write: (restriction: R) => string,
): PersistentMap<R> {
  let next = restrictions
  if (Delete !== undefined) {
    const { RestrictionID: id, ...shown } = Delete
    const existing = restrictions.get(id)
    if (existing === undefined) throw new VaultError('unknown-restriction', `no restriction ${id}`)
    // What else Delete says is read by approvers: it must be true.
    require(Object.keys(shown).length === 0 ||
      write(Delete) ===
        write(
          existing,
        ), 'bad-restriction', `Delete differs from restriction ${id} as it stands: give its RestrictionID alone, or all of it`)
    next = next.delete(id)
  }
  if (Add === undefined) return next
  require(!next.has(
    Add.RestrictionID,
  ), 'bad-restriction', `restriction ${Add.RestrictionID} exists: name it in Delete too, to replace it`)
  for (const { Groups } of Add.Approvers ?? []) for (const group of Groups) groupOf(state, group)
  return next.set(Add.RestrictionID, Add)
}

/** The same restrictions with another name of a group. */
export function withGroupRenamed<R extends ApproverRestriction>(
  restrictions: PersistentMap<R>,
  rename: (group: string) => string,
): PersistentMap<R> {
  let next = restrictions
  for (const id of restrictions.keys().sort()) {
    const restriction = restrictions.get(id)
    if (restriction?.Approvers === undefined) continue
    const Approvers = restriction.Approvers.map(one => ({ ...one, Groups: one.Groups.map(rename) }))
    next = next.set(id, { ...restriction, Approvers })
  }
  return next
}
