import { remains } from './obstacles.ts'
import { finish } from './operations.ts'
import type { Operation, VaultState } from './state.ts'

/** Ends what was open too long (I6). */
export function expire(state: VaultState, time: number): VaultState {
  if (time < state.nextDeadline) return state
  let next = state
  let nextDeadline = Number.MAX_SAFE_INTEGER
  for (const id of state.pending.keys().sort()) {
    const deadline = state.pending.get(id) ?? 0
    const operation = state.operations.get(id)
    if (deadline <= time && operation !== undefined)
      next = finish(next, operation, time, { code: 'expired', reason: expiryOf(operation) })
    else nextDeadline = Math.min(nextDeadline, deadline)
  }
  return { ...next, nextDeadline }
}

function expiryOf(operation: Operation): string {
  return operation.phase === 'pending'
    ? 'not approved in time'
    : `not finished within 7 days after its execution${remains(operation)}`
}
