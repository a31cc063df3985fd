import { entriesOf, type Replica, replay } from '@trivault/approval'
import type { Client } from '@trivault/client'
import type { StoredEntry } from '@trivault/ledger'
import type { Genesis } from '@trivault/protocol'

/** Fetches the whole log from the wallet and replays it. Throws `ApprovalError` log-invalid, `ApiError`. */
export async function fetchReplica(client: Client, genesis: Genesis): Promise<Replica> {
  return replay(genesis, entriesOf(client))
}

/** The same, with the entries themselves. Throws `ApprovalError` log-invalid, `ApiError`. */
export async function fetchLog(
  client: Client,
  genesis: Genesis,
): Promise<{ replica: Replica; entries: StoredEntry[] }> {
  const entries: StoredEntry[] = []
  for await (const stored of entriesOf(client)) entries.push(stored)
  return { replica: await replay(genesis, entries), entries }
}
