import type { Duplex } from 'node:stream'
import { LedgerError } from '@trivault/ledger'
import { NodeError } from './errors.ts'
import { anchorKeyOf, openFileAnchor, replaceFileAnchor } from './file-anchor.ts'
import { openFileHolds } from './file-holds.ts'
import { openFileQuarantine } from './file-quarantine.ts'
import { LinkError } from './link.ts'
import type { AdminStore, Log, NodeSecret } from './ports.ts'
import { openAdminTable } from './table/admin-table.ts'
import { TableClient } from './table/client.ts'

const WAIT_MS = 1_000

export interface AdminStoreOptions {
  secret: NodeSecret
  /** The host's word, for a secret without a table. */
  directory: string | undefined
  openPipe: () => Duplex
  clock: () => number
  random: (length: number) => Uint8Array
}

/** Where the node's secret says that its anchor is: a table, or the directory that the host names. Throws NodeError. */
export async function openAdminStore(options: AdminStoreOptions): Promise<AdminStore> {
  const { secret, directory, openPipe, clock, random } = options
  const key = anchorKeyOf(secret)
  if (secret.anchor !== undefined)
    return openAdminTable({ client: new TableClient({ access: secret.anchor, openPipe, clock }), key, random })
  if (directory === undefined)
    throw new NodeError('no-anchor', 'the secret names no table: give the host the directory of the anchor')
  const file = { dir: directory, key }
  const votes = await openFileAnchor(file)
  return {
    votes: { ...votes, replace: (least, make) => replaceFileAnchor(file, least, make) },
    quarantine: openFileQuarantine(directory),
    holds: openFileHolds(directory),
  }
}

/** Resolves once the anchor answers, whatever it says: a node without its anchor waits and tells why. Throws LinkError closed. */
export async function untilReachable({ votes }: AdminStore, log: Log, over: Promise<unknown>): Promise<void> {
  const isOver = over.then(() => true)
  for (;;) {
    try {
      await votes.load()
      return
    } catch (error) {
      const isSilent = error instanceof LedgerError && error.code !== 'anchor'
      if (!isSilent) return
      log('warn', 'waiting for the anchor', { reason: error.message })
    }
    const pause = new Promise<false>(resolve => setTimeout(resolve, WAIT_MS, false))
    if (await Promise.race([isOver, pause])) throw new LinkError('closed', 'the host is gone')
  }
}
