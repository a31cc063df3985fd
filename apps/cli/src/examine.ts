import { setTimeout as sleep } from 'node:timers/promises'
import { ApprovalError, agreedViews, describeIntent, type Replica, type Verdicts } from '@trivault/approval'
import type { Client } from '@trivault/client'
import type { View } from '@trivault/protocol'
import { type Operation, operationOf } from '@trivault/vault-state'
import { fetchReplica } from './replica.ts'
import type { Session } from './session.ts'

/** An operation as it is in the certified log, decoded here, with three agreeing views. */
export interface Examined {
  operation: Operation
  replica: Replica
  lines: string[]
  verdicts: Verdicts
  views: View[]
}

const attempts = 4

/**
 * What a person reads: the log verifies, the intent can be decoded, and all three nodes signed that they see the same intent and
 * effects. Nodes may be an entry ahead of the wallet for a moment, hence the attempts. Throws `ApprovalError` and others.
 */
export async function examine(session: Session, id: string): Promise<Examined> {
  const client = await session.client()
  const genesis = session.genesis()
  for (let attempt = 1; ; attempt++) {
    try {
      return await examineOnce(client, genesis, id)
    } catch (error) {
      if (!(error instanceof ApprovalError) || attempt === attempts) throw error
      await sleep(400)
    }
  }
}

async function examineOnce(client: Client, genesis: ReturnType<Session['genesis']>, id: string): Promise<Examined> {
  const verdicts = await client.call('trivaultOperationVerdicts', { params: { operationID: id } })
  const replica = await fetchReplica(client, genesis)
  const operation = operationOf(replica.state, id)
  const lines = describeIntent(replica.state, operation.intent)
  return { operation, replica, lines, verdicts, views: agreedViews(replica, id, verdicts) }
}
