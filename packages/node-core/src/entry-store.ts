import { bytes, decode, encode, equalBytes, struct, toHex } from '@trivault/codec'
import { decodeEntry, type EntryStore, entryHash, MAX_ENTRY_BYTES, type StoredEntry } from '@trivault/ledger'
import { NodeError } from './errors.ts'
import type { SealedRecords } from './sealed-records.ts'

const storedCodec = struct({ entry: bytes(MAX_ENTRY_BYTES), certificate: bytes(512) })
const keyOf = (seq: number): string => seq.toString().padStart(16, '0')
const page = 256

/**
 * The log's database over sealed records: table `entry` by sequence number, table `candidate` by hash. `putCertified` throws
 * `NodeError` record-conflict for a gap and for another entry in a certified slot.
 */
export async function openEntryStore(records: SealedRecords): Promise<EntryStore> {
  const seqs = new Map<string, number>()
  let head = 0
  /** Rows without gaps: what comes after a missing one is no continuation. */
  const contiguous = async (from: number, limit: number): Promise<StoredEntry[]> => {
    const rows = await records.range('entry', keyOf(from), limit)
    const gap = rows.findIndex((row, i) => row.key !== keyOf(from + i))
    return (gap < 0 ? rows : rows.slice(0, gap)).map(row => decode(storedCodec, row.value))
  }
  for (let length = page; length === page; ) {
    const entries = await contiguous(head + 1, page)
    for (const { entry } of entries) seqs.set(toHex(entryHash(entry)), ++head)
    length = entries.length
  }
  /** Candidates by slot: all of them go when one entry of the slot is certified. */
  const candidates = new Map<number, string[]>()
  for (const { key, value } of await records.range('candidate', '', page)) {
    const { seq } = decodeEntry(value)
    candidates.set(seq, [...(candidates.get(seq) ?? []), key])
  }
  const load = async (seq: number): Promise<StoredEntry | undefined> => {
    const raw = await records.get('entry', keyOf(seq))
    return raw === undefined ? undefined : decode(storedCodec, raw)
  }
  return {
    async putCandidate(seq, hash, entry) {
      const key = toHex(hash)
      await records.put({ table: 'candidate', key, value: entry })
      const known = candidates.get(seq) ?? []
      if (!known.includes(key)) candidates.set(seq, [...known, key])
    },
    async find(hash) {
      const seq = seqs.get(toHex(hash))
      return seq === undefined ? records.get('candidate', toHex(hash)) : (await load(seq))?.entry
    },
    async putCertified(seq, hash, stored) {
      if (seq < 1 || seq > head + 1)
        throw new NodeError('record-conflict', `entry ${seq} does not follow entry ${head}`)
      const existing = seq <= head ? await load(seq) : undefined
      if (existing !== undefined && !equalBytes(existing.entry, stored.entry))
        throw new NodeError('record-conflict', `entry ${seq} is certified with other bytes`)
      if (existing === undefined)
        await records.put({ table: 'entry', key: keyOf(seq), value: encode(storedCodec, stored) })
      head = Math.max(head, seq)
      seqs.set(toHex(hash), seq)
      // Nobody waits for the tidying; what could not be removed is tried with the next entry.
      const past = [...candidates].filter(([slot]) => slot <= seq)
      const gone = past.flatMap(([, keys]) => keys)
      const forget = (): void => past.forEach(([slot]) => void candidates.delete(slot))
      if (gone.length > 0) records.remove('candidate', gone).then(forget, () => undefined)
    },
    range: contiguous,
  }
}
