import { type FoundingEpoch, foundingEpochDigest, type NodeEvent } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'

/** What this node says of its admin's pin as long as the log does not hold that epoch or a later one. */
export function endorsementOf(
  state: VaultState,
  pinned: FoundingEpoch | undefined,
  sign: (message: Uint8Array) => Uint8Array,
): NodeEvent | undefined {
  const isFounded = state.sealedAt !== undefined || state.epoch > 0
  if (pinned === undefined || !isFounded || (state.endorsed?.epoch ?? 0) >= pinned.epoch) return undefined
  return { type: 'endorsed', ...pinned, signature: sign(foundingEpochDigest(state.vaultId, pinned)) }
}
