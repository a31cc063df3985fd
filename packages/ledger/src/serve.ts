import type { Follower } from './follower.ts'
import { type LedgerMessage, MAX_MESSAGE_BYTES } from './messages.ts'
import type { StoredEntry } from './ports.ts'

/** Entries asked for at a time. */
export const PAGE = 32

/**
 * Answers what anyone may ask of a copy of the log, or undefined for other messages. GET answers hold as many entries from
 * `from` on as fit one message, none beyond the end.
 */
export async function serve<S>(follower: Follower<S>, message: LedgerMessage): Promise<LedgerMessage | undefined> {
  if (message.type === 'getHead') return { type: 'head', ...follower.head }
  if (message.type === 'fetch')
    return { type: 'candidate', hash: message.hash, entry: await follower.find(message.hash) }
  if (message.type !== 'get') return undefined
  return { type: 'entries', entries: await certifiedPage(follower, message.from, message.to) }
}

/** Certified entries from `from` to `to`, as many as fit one message. */
export async function certifiedPage<S>(follower: Follower<S>, from: number, to: number): Promise<StoredEntry[]> {
  const wanted = Math.min(PAGE, to - from + 1)
  if (wanted < 1 || from < 1 || from > follower.head.seq) return []
  const entries: StoredEntry[] = []
  let room = MAX_MESSAGE_BYTES - 1024
  for (const stored of await follower.store.range(from, wanted)) {
    room -= stored.entry.length + stored.certificate.length + 8
    if (room < 0) break
    entries.push(stored)
  }
  return entries
}

/** GET for the next page after the head of `follower`. */
export function getNext<S>(follower: Follower<S>): LedgerMessage {
  const from = follower.head.seq + 1
  return { type: 'get', from, to: from + PAGE - 1 }
}
