import { bytes, decode, encode, struct, toHex } from '@trivault/codec'
import { type EntryStore, entryHash, MAX_ENTRY_BYTES, type StoredEntry } from '@trivault/ledger'
import type { SealedRecords } from './sealed-records.ts'

const storedCodec = struct({ entry: bytes(MAX_ENTRY_BYTES), certificate: bytes(512) })
const keyOf = (seq: number): string => seq.toString().padStart(16, '0')
const page = 256

/** The log's database over sealed records: table `entry` by sequence number, table `candidate` by hash. */
export async function openEntryStore(records: SealedRecords): Promise<EntryStore> {
  const seqs = new Map<string, number>()
  let head = 0
  for (;;) {
    const rows = await records.range('entry', keyOf(head + 1), page)
    for (const row of rows) {
      if (row.key !== keyOf(head + 1)) break
      head += 1
      seqs.set(toHex(entryHash(decode(storedCodec, row.value).entry)), head)
    }
    if (rows.length < page) break
  }
  const load = async (seq: number): Promise<StoredEntry | undefined> => {
    const raw = await records.get('entry', keyOf(seq))
    return raw === undefined ? undefined : decode(storedCodec, raw)
  }
  return {
    putCandidate: (_seq, hash, entry) => records.put({ table: 'candidate', key: toHex(hash), value: entry }),
    async find(hash) {
      const seq = seqs.get(toHex(hash))
      return seq === undefined ? records.get('candidate', toHex(hash)) : (await load(seq))?.entry
    },
    async putCertified(seq, hash, stored) {
      await records.put({ table: 'entry', key: keyOf(seq), value: encode(storedCodec, stored) })
      seqs.set(toHex(hash), seq)
      await records.remove('candidate', [toHex(hash)])
    },
    async range(from, limit) {
      const rows = await records.range('entry', keyOf(from), limit)
      return rows.map(row => decode(storedCodec, row.value))
    },
  }
}
