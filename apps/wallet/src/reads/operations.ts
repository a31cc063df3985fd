import type { ExactResponseOf } from '@trivault/api-contract'
import { encodeIntent } from '@trivault/protocol'
import { activeKeyOf, awaitedApprovers, canApprove, countedApprovals, type VaultState } from '@trivault/vault-state'
import { ServiceError } from '../service.ts'
import type { WalletView } from '../view.ts'
import { base64 } from './base64.ts'
import { spelling } from './people.ts'
import { progressOf, resultOf, type StatusAnswer, statusAnswer, waitingProgress } from './status.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

function unknown(id: string): ServiceError {
  return new ServiceError('not-found', `operation ${id} is not known`)
}

/** Throws `ServiceError` not-found, unavailable when the nodes do not hand over a backup. */
export async function operationStatusOf(view: WalletView, id: string): Promise<StatusAnswer> {
  const state = view.state()
  const operation = state.operations.get(id)
  if (operation !== undefined) {
    const progress = progressOf(view, state, operation)
    return statusAnswer(progress, await resultOf(view, operation, progress.status))
  }
  const waiting = view.waiting(id)
  if (waiting === undefined) throw unknown(id)
  return statusAnswer(waitingProgress(waiting), undefined)
}

/** While pending, only approvals whose key is still active are shown: the others no longer count. Throws not-found. */
export function approvalStatusOf(view: WalletView, id: string): ExactResponseOf<'cwpgetOperationApprovalStatus'> {
  const state = view.state()
  const operation = state.operations.get(id)
  if (operation === undefined) {
    if (view.waiting(id) === undefined) throw unknown(id)
    return { ApprovedBy: [], RejectedBy: [], PendingApprovals: [] }
  }
  const approvals = operation.phase === 'pending' ? countedApprovals(state, operation) : operation.approvals
  return {
    ApprovedBy: approvals.map(({ user }) => spelling(state, user)),
    RejectedBy: operation.rejectedBy === undefined ? [] : [spelling(state, operation.rejectedBy)],
    PendingApprovals: awaitedApprovers(state, operation).map(user => spelling(state, user)),
  }
}

/** The stored intent's exact text. Throws not-found. */
export function intentOf(view: WalletView, id: string): string {
  const logged = view.state().operations.get(id)?.intentBytes
  if (logged !== undefined) return decoder.decode(logged)
  const waiting = view.waiting(id)
  if (waiting === undefined) throw unknown(id)
  return decoder.decode(encodeIntent(waiting.intent))
}

/** Pending operations that this user's device could still sign, oldest first. */
export function pendingApprovalsOf(state: VaultState, user: string): ExactResponseOf<'cwplistPendingApprovals'> {
  if (activeKeyOf(state, user) === undefined) return []
  return state.pending
    .keys()
    .flatMap(id => state.operations.get(id) ?? [])
    .filter(operation => canApprove(state, operation, user))
    .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    .map(({ id, type, intentBytes }) => ({ OperationID: id, OperationType: type, Intent: base64(intentBytes) }))
}
