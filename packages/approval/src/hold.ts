import { toBase64, toHex } from '@trivault/codec'
import type { HoldKind, HoldStatement, SignedHold } from '@trivault/protocol'
import { lastHoldCounter, type VaultState } from '@trivault/vault-state'

/** What `user`'s device signs (`holdMessage`) to freeze the vault, or to veto one operation. */
export function holdStatement(state: VaultState, user: string, kind: HoldKind, operationId = ''): HoldStatement {
  return { vaultId: state.vaultId, kind, operationId, counter: lastHoldCounter(state, user) + 1 }
}

/** The body of `trivaultHold`. */
export const holdBody = ({ kind, operationId, counter, keyId, signature }: SignedHold) => ({
  Kind: kind,
  ...(operationId !== '' && { OperationID: operationId }),
  Counter: counter,
  KeyID: toHex(keyId),
  Signature: toBase64(signature),
})
