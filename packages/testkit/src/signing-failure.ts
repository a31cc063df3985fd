import { ed25519 } from '@noble/curves/ed25519.js'
import { type CommandOf, type SigningFailure, signingFailureDigest } from '@trivault/protocol'
import { operationOf, type VaultState } from '@trivault/vault-state'
import { seedOf } from './vault-values.ts'

/** Node 1's statement that the signing of an execution failed, with `changes`; `signer` is the node that signs it. */
export function signingFailureCommand(
  state: VaultState,
  operationId: string,
  changes: Partial<SigningFailure> = {},
  signer: number = changes.node ?? 1,
): CommandOf<'signingFailed'> {
  const { part = 0, variant = 0 } = changes
  const { executions } = operationOf(state, operationId)
  const digest = executions.find(item => item.part === part && item.variant === variant)?.digest
  const failure: SigningFailure = {
    ...{ vaultId: state.vaultId, operationId, part, variant, digest: digest ?? new Uint8Array(32) },
    ...{ node: 1, check: 'S3.1', kind: 'accusation' },
    ...changes,
  }
  return { type: 'signingFailed', ...failure, signature: ed25519.sign(signingFailureDigest(failure), seedOf(signer)) }
}
