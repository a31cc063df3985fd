import type { ExactResponseOf, QueryOf } from '@trivault/api-contract'
import { toHex } from '@trivault/codec'
import type { StoredEntry } from '@trivault/ledger'
import type { WalletView } from '../view.ts'
import { base64 } from './base64.ts'
import { badRequest } from './errors.ts'

const maxEntries = 1000
const maxBytes = 8 << 20
const pageSize = 50

/** Certified entries in order, at most 1000 and about 8 MiB: ask again from the entry after the last one. */
export async function logEntriesOf(
  view: WalletView,
  range: QueryOf<'trivaultLogEntries'>,
): Promise<ExactResponseOf<'trivaultLogEntries'>> {
  const head = view.head()
  const from = Math.max(1, range.from ?? 1)
  if (range.to !== undefined && range.to < from) throw badRequest('to: give a sequence number not below from')
  const to = Math.min(range.to ?? head.seq, head.seq, from + maxEntries - 1)
  const found: StoredEntry[] = []
  let bytes = 0
  for (let next = from; next <= to && bytes < maxBytes; next += pageSize) {
    for (const stored of await view.entries(next, Math.min(to, next + pageSize - 1))) {
      if (found.length > 0 && bytes + stored.entry.length > maxBytes) return answer(from, found, head)
      found.push(stored)
      bytes += stored.entry.length + stored.certificate.length
    }
  }
  return answer(from, found, head)
}

function answer(
  from: number,
  found: readonly StoredEntry[],
  head: { seq: number; hash: Uint8Array },
): ExactResponseOf<'trivaultLogEntries'> {
  return {
    Entries: found.map(({ entry, certificate }, i) => ({
      Seq: from + i,
      Entry: base64(entry),
      Certificate: base64(certificate),
    })),
    Head: { Seq: head.seq, Hash: toHex(head.hash) },
  }
}
