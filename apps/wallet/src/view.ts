import type { StoredEntry } from '@trivault/ledger'
import type { Curve, Intent, OperationType, VaultErrorCode } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'

/** A start that the wallet acknowledged and the log does not hold yet: its nodes are not all up, or it was refused there. */
export interface WaitingOperation {
  id: string
  type: OperationType
  /** As it will be proposed; `Timestamp` is renewed with every proposal. */
  intent: Intent
  createdAt: number
  refused: { code: VaultErrorCode; message: string; at: number } | undefined
}

/** What became of a signed transaction on its chain: the wallet's word, never an effect in the log. */
export interface Delivery {
  operationId: string
  part: number
  /** `waiting` for the chain's node; `sent` it accepted the bytes; `confirmed`; `rejected` signed, may still land. */
  status: 'waiting' | 'sent' | 'confirmed' | 'rejected'
  /** 0x hex. */
  transactionHash: string
  error: string | undefined
  updatedAt: number
}

/** A self-contained backup file of a master key on one curve. */
export interface KeyBackup {
  curve: Curve
  file: Uint8Array
}

/** What the wallet's reading use cases see. */
export interface WalletView {
  /** The replica: the fold of every certified entry that this wallet has. */
  state(): VaultState
  head(): { seq: number; hash: Uint8Array }
  /** Certified entries, `from` ≤ seq ≤ `to`. */
  entries(from: number, to: number): Promise<StoredEntry[]>
  waiting(operationId: string): WaitingOperation | undefined
  allWaiting(): WaitingOperation[]
  deliveries(operationId: string): Delivery[]
  /** Verified key backups of an active master key from the nodes, once its backup operation has succeeded. */
  backups(masterKey: string): Promise<KeyBackup[]>
}
