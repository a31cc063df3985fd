import { ed25519 } from '@noble/curves/ed25519.js'
import { equalBytes } from '@trivault/codec'
import {
  type CommandOf,
  type Genesis,
  require,
  type SignedFailure,
  signingFailureDigest,
  VaultError,
} from '@trivault/protocol'
import { operationOf } from './lookup.ts'
import { finish } from './operations.ts'
import type { Operation, Position, VaultState } from './state.ts'

/** What the reason may quote of a node's words. */
const checkPattern = /^[A-Z][A-Za-z0-9.]{0,15}$/

/** Did the node that the statement names sign it, about this vault? */
export function signedFailure(genesis: Genesis, vaultId: Uint8Array, failure: SignedFailure): boolean {
  const identity = genesis.identityKeys[failure.node]
  return (
    identity !== undefined &&
    equalBytes(failure.vaultId, vaultId) &&
    ed25519.verify(failure.signature, signingFailureDigest(failure), identity, { zip215: false })
  )
}

/**
 * Ends an operation whose joint signature failed by a check (I6). One node's statement is enough, since any node can deny
 * its part anyway; it gives no power to sign. What the others hold may still come out, hence the slot. A valid `signed` that
 * follows is recorded and changes nothing else.
 */
export function recordSigningFailure(state: VaultState, command: CommandOf<'signingFailed'>, at: Position): VaultState {
  const { part, variant, check, kind, node } = command
  const operation = operationOf(state, command.operationId)
  const execution = operation.executions.find(one => one.part === part && one.variant === variant)
  if (operation.phase !== 'executing' || execution === undefined || execution.signature !== undefined)
    throw new VaultError('operation-not-executing', `operation ${operation.id} waits for no such signature`)
  require(equalBytes(execution.digest, command.digest), 'transaction-differs', 'the statement is about another digest')
  require(checkPattern.test(check), 'malformed', 'the statement names no check')
  require(signedFailure(
    state.genesis,
    state.vaultId,
    command,
  ), 'bad-signature', `the statement is not one of node ${node} of this vault`)
  const reason = `check ${check} failed at node ${node} (${kind}); may still land, ${slotsOf(operation)}`
  return finish(state, operation, at.time, { code: 'signing-failed', reason })
}

function slotsOf({ executions }: Operation): string {
  const slots = [...new Set(executions.map(({ slot }) => slot))]
  return `${slots.length === 1 ? 'slot' : 'slots'} ${slots.join(', ')}`
}
