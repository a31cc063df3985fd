import { utf8 } from '@trivault/codec'
import { type Command, decodeCommand, type Genesis, require, VaultError, type VaultErrorCode } from '@trivault/protocol'
import { registerKnownChain } from './assets.ts'
import { expire } from './expiry.ts'
import { recordSigningFailure } from './failures.ts'
import { endorse } from './founding-epoch.ts'
import { applyHold } from './holds.ts'
import { activateKey, allocateAddress, reportedKey } from './keys.ts'
import { approve, cancel, execute, finishKeyOperation, recordSignature, reject, startOperation } from './operations.ts'
import { createGroup, createSystemUser, deleteSystemUser } from './people.ts'
import { applySetup } from './setup.ts'
import { initialState, type Position, type VaultState } from './state.ts'
import { portableVerifiers, type Verifiers } from './verifiers.ts'
import { vouch } from './vouch.ts'

/** What became of a command: the next state and the outcome that the log commits to, or why it is refused. */
export type Application =
  | { ok: true; state: VaultState; outcome: Uint8Array }
  | { ok: false; code: VaultErrorCode; message: string }

/** The fold over certified entries. Pure and deterministic: no I/O, no clock, no randomness. */
export interface VaultMachine {
  initial(): VaultState
  /** Handles what is due at an entry's time, before its commands. */
  begin(state: VaultState, time: number): VaultState
  apply(state: VaultState, command: Uint8Array, at: Position): Application
}

/** The fold of the vault with this genesis. Its `apply` never throws; `verifiers` are faster ones of the same meaning. */
export function vaultMachine(genesis: Genesis, verifiers: Verifiers = portableVerifiers): VaultMachine {
  return {
    initial: () => initialState(genesis),
    begin: expire,
    apply(state, raw, at) {
      try {
        const command = decodeCommand(raw)
        const next = applyCommand(state, command, at, verifiers)
        return { ok: true, state: next, outcome: outcomeOf(next, command) }
      } catch (error) {
        if (error instanceof VaultError) return { ok: false, code: error.code, message: error.message }
        return { ok: false, code: 'internal-error', message: 'the command could not be evaluated' }
      }
    },
  }
}

function applyCommand(state: VaultState, command: Command, at: Position, verifiers: Verifiers): VaultState {
  switch (command.type) {
    case 'setup':
      return applySetup(state, command, at)
    case 'createGroup':
      requireSetup(state)
      return createGroup(state, command.name)
    case 'registerChain':
      requireSetup(state)
      return registerKnownChain(state, command.caip2)
    case 'createSystemUser':
      requireSetup(state)
      return createSystemUser(state, command, at.time)
    case 'deleteSystemUser':
      return deleteSystemUser(state, command.id, at.time)
    case 'allocateAddress':
      return allocateAddress(state, command)
    case 'endorse':
      return endorse(state, command, at.time)
    case 'vouch':
      return vouch(state, command, at.time)
    case 'start':
      return startOperation(state, command, at)
    case 'approve':
      return approve(state, command, at, verifiers.approval)
    case 'reject':
      return reject(state, command, at)
    case 'cancel':
      return cancel(state, command, at)
    case 'execute':
      return execute(state, command, at)
    case 'signed':
      return recordSignature(state, command, at, verifiers.signature)
    case 'signingFailed':
      return recordSigningFailure(state, command, at)
    case 'hold':
      return applyHold(state, command, at)
    case 'activateKey':
      return finishKeyOperation(activateKey(state, command, at), reportedKey(command.keys), at.time)
  }
}

function requireSetup(state: VaultState): void {
  require(state.setup !== undefined, 'not-set-up', 'set up the tenant first: POST /api/tenants/default/setup')
}

/** What the running hash of results covers: enough that nodes whose folds differ notice it one entry later. */
function outcomeOf(state: VaultState, command: Command): Uint8Array {
  if (!('operationId' in command)) return utf8(command.type)
  const operation = state.operations.get(command.operationId)
  return utf8(
    JSON.stringify([
      command.type,
      command.operationId,
      operation?.phase,
      operation?.failure?.code,
      operation?.needsAtStart,
      operation?.approvals.length,
      operation?.waitsUntil,
      state.freezes,
    ]),
  )
}
