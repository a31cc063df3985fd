import { CodecError } from '@trivault/codec'
import { LedgerError } from '@trivault/ledger'
import { MpcError } from '@trivault/mpc'
import { VaultError } from '@trivault/protocol'

export type NodeErrorCode =
  | 'seal-broken'
  | 'record-conflict'
  | 'record-missing'
  | 'wrong-identity'
  | 'wrong-ers-key'
  | 'bad-secret'
  | 'backup-unsound'
  | 'hold-unreadable'
  | 'not-signed'
  | 'no-anchor'

export class NodeError extends Error {
  readonly code: NodeErrorCode
  constructor(code: NodeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'NodeError'
    this.code = code
  }
}

/** For logs. Messages of the project's own errors hold no secret; of others only the kind is told. */
export function reasonOf(error: unknown): string {
  const isOwn = [NodeError, LedgerError, MpcError, VaultError, CodecError].some(kind => error instanceof kind)
  if (error instanceof Error && isOwn) return error.message
  return error instanceof Error ? error.name : 'unknown'
}
