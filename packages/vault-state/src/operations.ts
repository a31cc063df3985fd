import { json, toHex } from '@trivault/codec'
import {
  type CommandOf,
  decodeIntent,
  isFoundingEpochOperation,
  operationIdPattern,
  require,
  sha256,
  VaultError,
  type VaultErrorCode,
} from '@trivault/protocol'
import { checkIntent, performIntent } from './administration.ts'
import { verifyApproval } from './device-signature.ts'
import { requireThawed } from './freeze.ts'
import { activeKeyOf, operationOf, userOf } from './lookup.ts'
import { canApprove, decisionFor } from './needs.ts'
import { canEnd, groundOf, obstacleTo, remains } from './obstacles.ts'
import { delayOf } from './settings.ts'
import { assetOf, isSigning, judgeExecution, partCount, signatureFits } from './signing.ts'
import { type Execution, type Operation, type Position, userKey, type VaultState } from './state.ts'
import { checkVelocity, spendVelocity } from './velocity.ts'

/** How long an operation may wait for its end after each execution, in log time. How long for approvals is a setting. */
const executionLifetime = 7 * 24 * 3600 * 1000
const maxOpen = 10_000
const maxOpenPerInitiator = 200
const maxTimestampSkew = 60_000

/** The state with this version of the operation. */
export function put(state: VaultState, operation: Operation): VaultState {
  return { ...state, operations: state.operations.set(operation.id, operation) }
}

/** Ends an operation: nothing is pending or unsigned any more. */
export function finish(
  state: VaultState,
  operation: Operation,
  time: number,
  failure?: { code: VaultErrorCode; reason: string },
): VaultState {
  const phase = failure === undefined ? 'succeeded' : 'failed'
  const ended: Operation = {
    ...operation,
    phase,
    finishedAt: time,
    failure: failure === undefined ? undefined : { ...failure, time },
  }
  const next = put(state, ended)
  return { ...next, pending: next.pending.delete(operation.id), unsigned: next.unsigned.delete(operation.id) }
}

function pendingOperation(state: VaultState, id: string): Operation {
  const operation = operationOf(state, id)
  require(operation.phase ===
    'pending', 'operation-not-pending', `operation ${id} is ${operation.phase}: only a pending one can be changed`)
  return operation
}

/** Puts an intent into the log. What policy blocks is recorded as failed, so that its end is known to all. */
export function startOperation(state: VaultState, command: CommandOf<'start'>, at: Position): VaultState {
  const { operationId: id } = command
  require(operationIdPattern.test(id), 'malformed', 'an operation id has 1 to 96 letters, digits and -')
  require(!state.operations.has(id), 'duplicate-operation', `operation ${id} exists: an operation id is used once`)
  require(state.setup !== undefined, 'not-set-up', 'set up the tenant first: POST /api/tenants/default/setup')
  const intent = decodeIntent(command.intent)
  require(intent.OperationID === id, 'intent-mismatch', 'the intent names another OperationID')
  require(intent.OperationType === 'found again' ||
    !isFoundingEpochOperation(id), 'malformed', `operation id ${id} is kept for the founding after a lost quorum`)
  require(Math.abs(Date.parse(intent.Timestamp) - at.time) <=
    maxTimestampSkew, 'stale-timestamp', 'the intent Timestamp is more than 60 s from the log')
  const initiator = intent.InitiatorID === '' ? undefined : userOf(state, intent.InitiatorID)
  require(intent.InitiatorName ===
    (initiator?.name ?? ''), 'intent-mismatch', `InitiatorName must be "${initiator?.name ?? ''}"`)
  checkOpenOperations(state, initiator?.id)
  checkIntent(state, intent)
  const decision = decisionFor(state, intent)
  const operation: Operation = {
    id,
    type: intent.OperationType,
    intentBytes: command.intent,
    intentHash: sha256(command.intent),
    intent,
    initiator: initiator === undefined ? undefined : userKey(initiator.id),
    createdAt: at.time,
    seq: at.seq,
    phase: 'pending',
    needsAtStart: decision.kind === 'needs' ? decision.requirements : [],
    ground: groundOf(state, intent),
    waitsUntil: undefined,
    approvals: [],
    rejectedBy: undefined,
    executions: [],
    failure: undefined,
    finishedAt: undefined,
  }
  if (decision.kind === 'blocked') return finish(state, operation, at.time, decision)
  return waiting(put(state, operation), id, at.time + state.settings.pendingLifetime)
}

function checkOpenOperations(state: VaultState, initiator: string | undefined): void {
  require(state.pending.size < maxOpen, 'too-many-operations', `${maxOpen} operations are open`)
  if (state.pending.size < maxOpenPerInitiator) return
  const key = initiator === undefined ? undefined : userKey(initiator)
  const own = state.pending.keys().filter(id => state.operations.get(id)?.initiator === key)
  require(own.length <
    maxOpenPerInitiator, 'too-many-operations', `${maxOpenPerInitiator} operations of this initiator are open`)
}

/** An approval counts once per user, after the seal (I9) or for it, by the user's active key, over the exact intent bytes (P-256, SHA-256, DER). */
export function approve(
  state: VaultState,
  command: CommandOf<'approve'>,
  at: Position,
  verify = verifyApproval,
): VaultState {
  const operation = pendingOperation(state, command.operationId)
  require(state.sealedAt !== undefined ||
    operation.type === 'seal', 'not-sealed', 'no device key counts before the owners have paired their devices')
  const user = userKey(userOf(state, command.userId).id)
  const key = activeKeyOf(state, user)
  if (key === undefined || key.id !== toHex(command.keyId))
    throw new VaultError('unknown-key', `${command.userId} has no such active device key`)
  require(!operation.approvals.some(
    approval => approval.user === user && approval.keyId === key.id,
  ), 'already-approved', `${command.userId} has approved this operation`)
  require(canApprove(
    state,
    operation,
    user,
  ), 'not-an-approver', `${command.userId} is neither the initiator nor in a group that this operation needs`)
  require(verify(
    key.publicKey,
    operation.intentBytes,
    command.signature,
  ), 'bad-signature', 'the signature is not one of the registered device key over this intent')
  const others = operation.approvals.filter(approval => approval.user !== user)
  const approvals = [...others, { user, keyId: key.id, signature: command.signature, time: at.time }]
  return put(state, { ...operation, approvals })
}

const reasonText = json.string({ max: 200 })

/** Shown to people and kept in the log for ever. Throws `VaultError` malformed. */
function rejectionReason(reason: string): string {
  try {
    return reasonText.read(reason)
  } catch (cause) {
    throw new VaultError('malformed', 'a reason has at most 200 characters, none of them control or bidirectional', {
      cause,
    })
  }
}

/** Rejections and cancels are unsigned in the contract: the wallet's word, allowed before `execute` only. */
export function reject(state: VaultState, command: CommandOf<'reject'>, at: Position): VaultState {
  const operation = pendingOperation(state, command.operationId)
  userOf(state, command.userId)
  require(canApprove(
    state,
    { ...operation, approvals: [] },
    command.userId,
  ), 'not-an-approver', `${command.userId} is neither the initiator nor in a group that this operation needs`)
  const said = rejectionReason(command.reason)
  return finish(state, { ...operation, rejectedBy: userKey(command.userId) }, at.time, {
    code: 'rejected',
    reason: `rejected by ${command.userId}${said === '' ? '' : `: ${said}`}`,
  })
}

/** Throws `VaultError` unknown-operation, operation-not-pending. */
export function cancel(state: VaultState, command: CommandOf<'cancel'>, at: Position): VaultState {
  const operation = pendingOperation(state, command.operationId)
  return finish(state, operation, at.time, {
    code: 'cancelled',
    reason: command.by === '' ? 'cancelled' : `cancelled by ${command.by}`,
  })
}

function waiting(state: VaultState, id: string, deadline: number): VaultState {
  return { ...state, pending: state.pending.set(id, deadline), nextDeadline: Math.min(state.nextDeadline, deadline) }
}

/**
 * An approved loosening first begins to wait: its first `execute` sets the end, one after that end makes it act, if it is then
 * still approved. Undefined where nothing is to wait for. Throws `VaultError` delay-not-over.
 */
function delayed(state: VaultState, operation: Operation, time: number): VaultState | undefined {
  const delay = delayOf(state, operation.intent)
  if (delay === 0) return undefined
  const { id, waitsUntil = time + delay } = operation
  if (operation.waitsUntil === undefined)
    return waiting(put(state, { ...operation, waitsUntil }), id, waitsUntil + state.settings.pendingLifetime)
  require(time >=
    waitsUntil, 'delay-not-over', `a loosening waits: operation ${id} acts at ${new Date(waitsUntil).toISOString()}`)
  return undefined
}

/**
 * The certificate of this command is what lets the nodes sign. The first one of an operation needs every approval; later
 * parts and variants are bound to the same intent.
 */
export function execute(state: VaultState, command: CommandOf<'execute'>, at: Position): VaultState {
  const operation = operationOf(state, command.operationId)
  const { intent } = operation
  const signs = isSigning(intent)
  if (operation.phase !== 'pending')
    require(signs &&
      operation.phase === 'executing', 'operation-not-pending', `operation ${operation.id} is ${operation.phase}`)
  const obstacle = obstacleTo(state, operation)
  if (obstacle !== undefined) {
    if (!canEnd(operation)) throw new VaultError(obstacle.code, obstacle.reason)
    return finish(state, operation, at.time, { code: obstacle.code, reason: `${obstacle.reason}${remains(operation)}` })
  }
  if (!signs) {
    require(command.part === 0 &&
      command.variant === 0 &&
      command.transaction.length === 0, 'malformed', 'this operation has no transaction')
    const waits = delayed(state, operation, at.time)
    if (waits !== undefined) return waits
    const { state: next, done } = performIntent(state, operation.id, intent, at)
    return done
      ? finish(next, operation, at.time)
      : waiting(put(next, { ...operation, phase: 'executing' }), operation.id, at.time + executionLifetime)
  }
  requireThawed(state)
  const isFirst = operation.phase === 'pending'
  if (isFirst) checkVelocity(state, intent, at.time)
  const judged = judgeExecution(state, operation, command.part, command.variant, command.transaction)
  const execution: Execution = {
    part: command.part,
    variant: command.variant,
    transaction: command.transaction,
    ...judged,
    seq: at.seq,
    command: at.index,
    signature: undefined,
  }
  const spent = isFirst ? spendVelocity(state, intent, at.time) : state
  const next = put(spent, { ...operation, phase: 'executing', executions: [...operation.executions, execution] })
  const deadline = at.time + executionLifetime
  return waiting({ ...next, unsigned: next.unsigned.set(operation.id, true) }, operation.id, deadline)
}

/** Records a signature; the first valid one counts. The operation ends when each of its parts has one. */
export function recordSignature(
  state: VaultState,
  command: CommandOf<'signed'>,
  at: Position,
  fits = signatureFits,
): VaultState {
  const operation = operationOf(state, command.operationId)
  const index = operation.executions.findIndex(
    ({ part, variant }) => part === command.part && variant === command.variant,
  )
  const execution = operation.executions[index]
  if (execution === undefined)
    throw new VaultError('operation-not-executing', 'nothing of that part and variant was executed')
  if (execution.signature !== undefined) return state
  const { intent } = operation
  if (!isSigning(intent)) throw new VaultError('operation-not-executing', 'this operation signs nothing')
  require(fits(
    execution,
    command.signature,
    intent.Source.Address,
    assetOf(state, intent.CAIP19).chain.family,
  ), 'bad-signature', 'the signature is not one of the source address over the executed digest')
  const executions = operation.executions.with(index, { ...execution, signature: command.signature })
  const next = put(state, { ...operation, executions })
  const unsigned = executions.some(({ signature }) => signature === undefined)
    ? next.unsigned
    : next.unsigned.delete(operation.id)
  const signedParts = new Set(executions.filter(({ signature }) => signature !== undefined).map(({ part }) => part))
  if (operation.phase !== 'executing' || signedParts.size < partCount(intent)) return { ...next, unsigned }
  return { ...finish(next, { ...operation, executions }, at.time), unsigned }
}

/** New shares of a master key end the operation that asked for them. */
export function finishKeyOperation(state: VaultState, masterKey: string, time: number): VaultState {
  const key = state.masterKeys.get(masterKey)
  return [key?.operationId, key?.refresh].reduce((next, id) => {
    const operation = id === undefined ? undefined : next.operations.get(id)
    return operation?.phase === 'executing' ? finish(next, operation, time) : next
  }, state)
}
