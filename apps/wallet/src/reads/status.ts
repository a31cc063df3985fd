import type { ExactResponseOf } from '@trivault/api-contract'
import { assembleTransaction, formatHex, type SignedTransaction } from '@trivault/chains'
import { type Status, type VaultErrorCode, vaultErrors } from '@trivault/protocol'
import { type Execution, type Operation, statusOf, type VaultState } from '@trivault/vault-state'
import type { Delivery, WaitingOperation, WalletView } from '../view.ts'
import { base64 } from './base64.ts'

export type StatusAnswer = ExactResponseOf<'cwpgetOperationStatus'>
type Result = NonNullable<StatusAnswer['Result']>

export interface OperationFailure {
  code: VaultErrorCode
  reason: string
  time: number
}

/** Where an operation stands, seen from outside: the log's word, and for transactions that are sent the chain's. */
export interface Progress {
  status: Status
  failure: OperationFailure | undefined
}

/** Is this a transaction that the wallet hands to its chain? Raw ones are signed only. */
function isSent({ intent }: Operation): boolean {
  return intent.OperationType === 'make transaction' && intent.RawTransaction === undefined
}

/** The log's word, and the chain's for a transaction that the wallet sends. */
export function progressOf(view: WalletView, state: VaultState, operation: Operation): Progress {
  const { failure } = operation
  if (failure !== undefined) return { status: 'Failed', failure }
  if (operation.phase !== 'succeeded' || !isSent(operation))
    return { status: statusOf(state, operation), failure: undefined }
  return deliveryProgress(operation, view.deliveries(operation.id))
}

/** Of a start that is not in the log. */
export function waitingProgress({ refused }: WaitingOperation): Progress {
  if (refused === undefined) return { status: 'Pending initialization', failure: undefined }
  return { status: 'Failed', failure: { code: refused.code, reason: refused.message, time: refused.at } }
}

function deliveryProgress({ intent }: Operation, deliveries: readonly Delivery[]): Progress {
  const rejected = deliveries.find(({ status }) => status === 'rejected')
  if (rejected !== undefined) {
    const reason = `signed, may still land: ${rejected.error ?? 'the chain refused the transaction'}`
    return { status: 'Failed', failure: { code: 'broadcast-failed', reason, time: rejected.updatedAt } }
  }
  const sent = deliveries.filter(({ status }) => status === 'sent' || status === 'confirmed').length
  const parts = 'Destination' in intent ? intent.Destination.length : 1
  return { status: sent >= parts ? 'Succeeded' : 'Executing', failure: undefined }
}

/** The contract's answer; `result` of an operation that succeeded. */
export function statusAnswer({ status, failure }: Progress, result: Result | undefined): StatusAnswer {
  return {
    Status: status,
    ...(failure !== undefined && {
      ErrorDetails: {
        Status: 'Failed' as const,
        ErrorCode: vaultErrors[failure.code],
        Properties: { Reason: failure.reason },
        Timestamp: new Date(failure.time).toISOString(),
      },
    }),
    ...(result !== undefined && { Result: result }),
  }
}

/** What a successful operation made; a transaction also when its chain refused it: it is signed. */
export async function resultOf(view: WalletView, operation: Operation, status: Status): Promise<Result | undefined> {
  const { intent, phase } = operation
  if (phase !== 'succeeded' || (status !== 'Succeeded' && status !== 'Failed')) return undefined
  switch (intent.OperationType) {
    case 'make transaction': {
      const signed = signedTransaction(operation, intent.Source.Address, view.deliveries(operation.id))
      return signed && { Transaction: { ID: formatHex(signed.hash), SignedTransaction: formatHex(signed.bytes) } }
    }
    case 'generic signing': {
      const signature = operation.executions.find(execution => execution.signature !== undefined)?.signature
      return signature && { GenericSignature: { Signature: wireSignature(signature), Message: intent.DataToSign } }
    }
    case 'backup master key':
      return {
        Backup: (await view.backups(intent.Name)).map(({ curve, file }) => ({ Type: curve, Backup: base64(file) })),
      }
    default:
      return undefined
  }
}

/** The first part's transaction: the variant that was sent, else the newest. */
function signedTransaction(
  { executions }: Operation,
  source: string,
  deliveries: readonly Delivery[],
): SignedTransaction | undefined {
  const signed = executions.flatMap(execution => (execution.part === 0 ? assembled(execution, source) : []))
  const sent = deliveries.find(({ part }) => part === 0)?.transactionHash
  return signed.find(({ hash }) => formatHex(hash) === sent) ?? signed.at(-1)
}

function assembled({ transaction, signature }: Execution, source: string): SignedTransaction[] {
  if (signature === undefined) return []
  const recovery = signature[64] === 1 ? 1 : 0
  return [assembleTransaction(transaction, { r: signature.slice(0, 32), s: signature.slice(32, 64), recovery }, source)]
}

/** ECDSA: r ‖ s ‖ v with v = 27 + recovery, as Ethereum's wallets write it. Ed25519: R ‖ s. */
function wireSignature(signature: Uint8Array): string {
  const [recovery] = signature.subarray(64)
  return base64(recovery === undefined ? signature : signature.with(64, 27 + recovery))
}
