import type { Requirement } from '@trivault/policy'
import type { Intent, OperationType, VaultErrorCode } from '@trivault/protocol'

/** One device signature over the intent, as it came; whether it still counts is asked anew each time (`countedApprovals`). */
export interface Approval {
  user: string
  keyId: string
  signature: Uint8Array
  time: number
}

/** One variant of one part, certified for signing. */
export interface Execution {
  part: number
  variant: number
  /** Unsigned transaction bytes; empty for generic signing. */
  transaction: Uint8Array
  /** Names what is signed, 32 bytes; the thing itself under ECDSA. */
  digest: Uint8Array
  /** The exact bytes that the key signs: under ECDSA the digest, under Ed25519 the message. */
  message: Uint8Array
  slot: string
  seq: number
  command: number
  /** ECDSA r ‖ s ‖ recovery, Ed25519 R ‖ s. */
  signature: Uint8Array | undefined
}

/** Why an operation ended without success; `time` is log time in milliseconds. */
export interface Failure {
  code: VaultErrorCode
  reason: string
  time: number
}

/** What was asked for and how far it has come. Times are log time in milliseconds. */
export interface Operation {
  id: string
  type: OperationType
  intentBytes: Uint8Array
  intentHash: Uint8Array
  intent: Intent
  /** User key of the named initiator. */
  initiator: string | undefined
  createdAt: number
  seq: number
  phase: 'pending' | 'executing' | 'succeeded' | 'failed'
  needsAtStart: readonly Requirement[]
  /** What approvers take for granted (`groundOf`), as it was at the start. */
  ground: string
  /** An approved loosening waits until this log time. */
  waitsUntil: number | undefined
  approvals: readonly Approval[]
  rejectedBy: string | undefined
  executions: readonly Execution[]
  failure: Failure | undefined
  finishedAt: number | undefined
}
