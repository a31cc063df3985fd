import { effectsHash } from '@trivault/chains'
import { fromHex } from '@trivault/codec'
import { describeRequirement } from '@trivault/policy'
import type { View } from '@trivault/protocol'
import { intentEffects, operationOf, standingOf, statusOf, type VaultState } from '@trivault/vault-state'

/** What this node sees of an operation, computed by itself from the intent bytes. Throws `VaultError` unknown-operation. */
export function viewOf(
  state: VaultState,
  node: number,
  operationId: string,
  head: { seq: number; hash: Uint8Array },
): View {
  const operation = operationOf(state, operationId)
  const effects = intentEffects(state, operation.intent)
  const standing = standingOf(state, operation)
  const needs = standing.kind === 'blocked' ? [standing.reason] : standing.requirements.map(describeRequirement)
  return {
    vaultId: state.vaultId,
    node,
    operationId,
    status: statusOf(state, operation),
    intentHash: operation.intentHash,
    grade: effects?.grade,
    effectsHash: effects === undefined ? undefined : effectsHash(effects),
    needs,
    unmet: standing.kind === 'blocked' ? needs : standing.unmet.map(describeRequirement),
    approvals: operation.approvals.map(({ keyId }) => fromHex(keyId)),
    executions: operation.executions.map(({ part, variant, digest, signature }) => ({
      part,
      variant,
      digest,
      signature,
    })),
    headSeq: head.seq,
    headHash: head.hash,
  }
}
