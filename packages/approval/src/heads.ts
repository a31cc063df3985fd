import { ApprovalError } from './errors.ts'
import type { Replica } from './replica.ts'

/** The highest log head that a device has seen of a vault. */
export interface SeenHead {
  readonly seq: number
  /** Hash of that entry, hex. */
  readonly hash: string
}

/**
 * The head to remember from now on, if the log is the one that was seen, or goes on from it. A wallet that shows an older log, or
 * another one, is found out. Throws `ApprovalError` log-old or log-forked.
 */
export function checkHead(seen: SeenHead | undefined, replica: Replica): SeenHead {
  const head = { seq: replica.seq, hash: replica.hashAt(replica.seq) ?? '' }
  if (seen === undefined) return head
  if (seen.seq > head.seq)
    throw new ApprovalError(
      'log-old',
      `the wallet shows the log up to entry ${head.seq}, this device has seen entry ${seen.seq}: nothing is approved on an old log`,
    )
  if (replica.hashAt(seen.seq) !== seen.hash)
    throw new ApprovalError(
      'log-forked',
      `entry ${seen.seq} of the log is another than the one this device has seen: the log has forked, tell the node admins`,
    )
  return head
}
