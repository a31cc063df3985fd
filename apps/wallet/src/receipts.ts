import type { ResponseOf } from '@trivault/api-contract'
import { entryOf, makeReceipt, ReceiptError, relevantCommands } from '@trivault/client'
import type { StoredEntry } from '@trivault/ledger'
import { operationOf } from '@trivault/vault-state'
import { ServiceError } from './service.ts'
import type { WalletView } from './view.ts'

const pageSize = 100

/**
 * The receipt of the newest signature of a part. Throws `ServiceError` conflict when there is none, unavailable when a node is
 * silent; `VaultError` unknown-operation.
 */
export async function receiptOf(
  view: WalletView,
  verdicts: ResponseOf<'trivaultOperationVerdicts'>,
  id: string,
  part: number,
): Promise<Uint8Array> {
  try {
    return makeReceipt(view.state(), await entriesFor(view, id, part), id, verdicts, part, undefined)
  } catch (cause) {
    if (!(cause instanceof ReceiptError)) throw cause
    throw new ServiceError(cause.code === 'silent-node' ? 'unavailable' : 'conflict', cause.message, { cause })
  }
}

/** The entries from the operation's start to its newest signature of this part. */
async function entriesFor(view: WalletView, id: string, part: number): Promise<StoredEntry[]> {
  const { seq, executions } = operationOf(view.state(), id)
  const signed = executions.filter(one => one.part === part).findLast(one => one.signature !== undefined)
  if (signed === undefined) return []
  const wanted = { operationId: id, part, variant: signed.variant }
  const found: StoredEntry[] = []
  const head = view.head().seq
  for (let from = seq; from <= head; from += pageSize) {
    for (const stored of await view.entries(from, Math.min(head, from + pageSize - 1))) {
      const commands = relevantCommands(entryOf(stored), wanted)
      if (commands.length > 0) found.push(stored)
      if (commands.some(({ type }) => type === 'signed')) return found
    }
  }
  return found
}
