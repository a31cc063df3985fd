import type { Head, LogOptions } from './api.ts'
import { LedgerError } from './errors.ts'
import { Follower } from './follower.ts'
import { decodeCertificate } from './messages.ts'
import type { EntryStore, StoredEntry } from './ports.ts'

/** Keeps nothing: the verifier only folds. */
const nowhere: EntryStore = {
  putCandidate: async () => {},
  find: async () => undefined,
  putCertified: async () => {},
  range: async () => [],
}

/**
 * Replays an export from genesis alone: every certificate, link, outcome hash and command is checked.
 * `onCertified` sees each entry. Throws `LedgerError` on the first thing that is wrong, with the slot in its message.
 */
export async function verifyExport<S>(
  entries: AsyncIterable<StoredEntry> | Iterable<StoredEntry>,
  options: Omit<LogOptions<S>, 'store'>,
): Promise<{ head: Head; state: S }> {
  const follower = await Follower.open({ ...options, store: nowhere })
  for await (const { entry, certificate } of entries) {
    const slot = follower.head.seq + 1
    try {
      const decoded = decodeCertificate(certificate)
      if (decoded.seq !== slot) throw new LedgerError('chain', `${decoded.seq} found in its place`)
      if (!options.committee.isCertificate(decoded))
        throw new LedgerError('certificate', "not three valid votes of this vault's nodes")
      const accepted = await follower.accept(entry, decoded)
      if (accepted.kind === 'diverged') throw new LedgerError('fold', accepted.message)
    } catch (cause) {
      if (!(cause instanceof LedgerError)) throw cause
      throw new LedgerError(cause.code, `entry ${slot}: ${cause.message}`, { cause })
    }
  }
  return { head: follower.head, state: follower.state }
}
