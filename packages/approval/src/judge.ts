import { ChainError } from '@trivault/chains'
import { equalBytes } from '@trivault/codec'
import { VaultError, type View } from '@trivault/protocol'
import { activeKeyOf, canApprove, countedApprovals, type Operation } from '@trivault/vault-state'
import { describeIntent } from './describe-intent.ts'
import { ApprovalError, type ApprovalErrorCode } from './errors.ts'
import { checkHead, type SeenHead } from './heads.ts'
import type { Replica } from './replica.ts'
import { agreedViews, type Verdicts } from './views.ts'

/** All that a device knows when it is asked to approve. */
export interface Question {
  readonly replica: Replica
  readonly operationId: string
  /** What the wallet brought of the nodes' signed views. */
  readonly verdicts: Verdicts
  /** Id (hex SHA-256) of the device's own key. */
  readonly keyId: string
  /** The highest head that this device has seen. */
  readonly seen: SeenHead | undefined
  /** Intent bytes that the wallet shows for this operation, where it shows any. */
  readonly shown?: Uint8Array | undefined
}

export type Refusal =
  | Exclude<ApprovalErrorCode, 'pins' | 'link'>
  | 'unknown-operation'
  | 'wallet-lies'
  | 'not-decoded'
  | 'not-paired'
  | 'not-pending'
  | 'already-approved'
  | 'not-asked'

/** May this device offer Approve? If not: why, and what to do. */
export type Judgement =
  | { offer: true; operation: Operation; user: string; lines: string[]; views: View[] }
  | { offer: false; reason: Refusal; message: string; remedy: string }

/** Signs that somebody lies, or that a node is not in order: more than "not now". */
export const graveRefusals: ReadonlySet<Refusal> = new Set<Refusal>([
  'log-invalid',
  'log-old',
  'log-forked',
  'view-untrusted',
  'views-differ',
  'wallet-lies',
])

const remedies: Readonly<Record<Refusal, string>> = {
  'log-invalid': 'do not approve; tell the node admins',
  'log-old': 'do not approve; tell the node admins',
  'log-forked': 'do not approve; tell the node admins',
  'view-missing': 'wait until all three nodes answer, then try again',
  'view-untrusted': 'do not approve; tell the node admins',
  'views-differ': 'try again in a moment; if it stays, do not approve and tell the node admins',
  'unknown-operation': 'try again in a moment',
  'wallet-lies': 'do not approve; tell the node admins',
  'not-decoded': 'do not approve what nobody can read: reject it, or ask who started it',
  'not-paired': 'pair this device first',
  'not-pending': 'nothing is left to do',
  'already-approved': 'wait for the others',
  'not-asked': 'leave it to the people whom it names',
}

/**
 * The one decision that lets a device sign: the log is the one seen before, the operation is in it and can be decoded, three nodes
 * signed that they see the same, and the device's key is paired with somebody whose approval counts. Pure; throws only what is a
 * fault of this program.
 */
export function judge(question: Question): Judgement {
  const { replica, operationId, verdicts, keyId, seen, shown } = question
  const { state } = replica
  const no = (reason: Refusal, message: string): Judgement => ({
    offer: false,
    reason,
    message,
    remedy: remedies[reason],
  })
  const operation = state.operations.get(operationId)
  try {
    checkHead(seen, replica)
    if (operation === undefined) return no('unknown-operation', `no operation ${operationId} is in the certified log`)
    if (shown !== undefined && !equalBytes(shown, operation.intentBytes))
      return no('wallet-lies', `the wallet shows another intent of ${operationId} than the certified one`)
    const lines = describeIntent(state, operation.intent)
    const views = agreedViews(replica, operationId, verdicts)
    const user = state.deviceKeys.get(keyId)?.user
    if (user === undefined || activeKeyOf(state, user)?.id !== keyId)
      return no('not-paired', 'this device key is not paired with a user')
    if (operation.phase !== 'pending')
      return no('not-pending', `operation ${operationId} waits for nothing: it is ${operation.phase}`)
    if (countedApprovals(state, operation).some(approval => approval.user === user))
      return no('already-approved', `${user} has approved this operation`)
    if (!canApprove(state, operation, user))
      return no('not-asked', `the approval of ${user} does not count for this operation`)
    return { offer: true, operation, user, lines, views }
  } catch (error) {
    if (error instanceof ApprovalError && error.code !== 'pins' && error.code !== 'link')
      return no(error.code, error.message)
    if (error instanceof VaultError || error instanceof ChainError)
      return no('not-decoded', `this device cannot decode the operation: ${error.message}`)
    throw error
  }
}
