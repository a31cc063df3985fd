import { equalBytes, toHex } from '@trivault/codec'
import { holdMessage, require, type SignedHold, VaultError } from '@trivault/protocol'
import { verifyApproval } from './device-signature.ts'
import { isOwner } from './founding.ts'
import { operationOf, userOf } from './lookup.ts'
import { remains } from './obstacles.ts'
import { finish } from './operations.ts'
import type { Operation, Position, VaultState } from './state.ts'

/**
 * Whose statement this is, if it may stop something now: an owner's active device signed it, about this vault, under a counter
 * above all that this owner used. Throws `VaultError` bad-hold, hold-replayed, operation-not-pending and others.
 */
export function checkHold(state: VaultState, hold: SignedHold): string {
  const { kind, operationId, counter } = hold
  require(equalBytes(hold.vaultId, state.vaultId), 'bad-hold', 'the statement is about another vault')
  require(state.sealedAt !==
    undefined, 'not-sealed', 'no device key counts before the owners have paired their devices')
  require((kind === 'freeze') === (operationId === ''), 'bad-hold', 'a veto names an operation, a freeze names none')
  const key = state.deviceKeys.get(toHex(hold.keyId))
  if (key?.active !== true || !isOwner(state, key.user))
    throw new VaultError('bad-hold', 'the key is not the active device key of an owner')
  require(verifyApproval(
    key.publicKey,
    holdMessage(hold),
    hold.signature,
  ), 'bad-hold', 'the signature is not one of that device over this statement')
  const last = lastHoldCounter(state, key.user)
  require(counter > last, 'hold-replayed', `the counter must be above ${last}, the last one of ${key.user}`)
  if (kind === 'veto') {
    const operation = operationOf(state, operationId)
    require(canBeVetoed(operation), 'operation-not-pending', `operation ${operationId} is ${operation.phase}`)
  }
  return key.user
}

/** The highest counter of a freeze or veto that the log holds of this user; 0 before the first. */
export function lastHoldCounter(state: VaultState, user: string): number {
  return state.holdCounters.get(user) ?? 0
}

/** Until the last signature is out an owner can stop it: what is signed may have left the vault. */
function canBeVetoed({ phase, executions }: Operation): boolean {
  return phase === 'pending' || (phase === 'executing' && executions.some(({ signature }) => signature === undefined))
}

/** A certified freeze or veto. From the freeze to `unfreeze` no execution is certified and no node signs. */
export function applyHold(state: VaultState, hold: SignedHold, at: Position): VaultState {
  const user = checkHold(state, hold)
  const next = { ...state, holdCounters: state.holdCounters.set(user, hold.counter) }
  const by = userOf(state, user).id
  if (hold.kind === 'freeze') {
    const number = state.freezes + 1
    return { ...next, freezes: number, freeze: { number, by, at: at.time } }
  }
  const operation = operationOf(state, hold.operationId)
  return finish(next, operation, at.time, { code: 'vetoed', reason: `vetoed by ${by}${remains(operation)}` })
}
