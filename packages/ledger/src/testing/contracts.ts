import { deepEqual, equal, rejects } from 'node:assert/strict'
import { utf8 } from '@trivault/codec'
import { encodeEntry, entryHash, FORMAT_VERSION, initialResults } from '../entry.ts'
import type { Anchor, AnchorRow, EntryStore, StoredEntry } from '../ports.ts'

/** One property that every implementation of a port must have. */
export interface ContractCase<P> {
  name: string
  run: (port: P) => Promise<void>
}

const row = (version: number, byte: number): AnchorRow => ({ version, record: new Uint8Array(600).fill(byte) })

/**
 * What an `Anchor` adapter must do. `port.anchor` is over an anchor that was provisioned with `port.first` (version 1);
 * `port.reopen` is another process on the same anchor; `port.empty` an anchor that was never provisioned.
 */
export const anchorContract: ContractCase<{
  first: AnchorRow
  anchor: Anchor
  reopen: () => Promise<Anchor>
  empty: Anchor
}>[] = [
  {
    name: 'loads the provisioned row',
    run: async ({ anchor, first }) => deepEqual(await anchor.load(), first),
  },
  {
    name: 'replaces the row of the expected version, durably',
    run: async ({ anchor, reopen }) => {
      equal(await anchor.compareAndSet(1, row(2, 2)), true)
      deepEqual(await anchor.load(), row(2, 2))
      deepEqual(await (await reopen()).load(), row(2, 2))
    },
  },
  {
    name: 'rejects another expected version and keeps the row',
    run: async ({ anchor, first }) => {
      equal(await anchor.compareAndSet(0, row(1, 9)), false)
      equal(await anchor.compareAndSet(2, row(3, 9)), false)
      deepEqual(await anchor.load(), first)
    },
  },
  {
    name: 'rejects a second writer with the same expected version',
    run: async ({ anchor, reopen }) => {
      const other = await reopen()
      const won = await Promise.all([anchor.compareAndSet(1, row(2, 3)), other.compareAndSet(1, row(2, 4))])
      deepEqual([...won].sort(), [false, true])
      const kept = row(2, won[0] ? 3 : 4)
      deepEqual(await anchor.load(), kept)
      deepEqual(await other.load(), kept)
    },
  },
  {
    name: 'sees what another process wrote',
    run: async ({ anchor, reopen }) => {
      equal(await (await reopen()).compareAndSet(1, row(2, 5)), true)
      equal(await anchor.compareAndSet(1, row(2, 6)), false)
      deepEqual(await anchor.load(), row(2, 5))
    },
  },
  {
    name: 'never creates a row',
    run: async ({ empty }) => {
      equal(await empty.load(), undefined)
      equal(await empty.compareAndSet(0, row(1, 1)), false)
      equal(await empty.load(), undefined)
    },
  },
]

const vaultId = new Uint8Array(32).fill(7)
const sample = (seq: number, text: string): { hash: Uint8Array; stored: StoredEntry } => {
  const entry = encodeEntry({
    version: FORMAT_VERSION,
    vaultId,
    seq,
    prev: vaultId,
    results: initialResults(vaultId),
    time: seq,
    commands: [utf8(text)],
  })
  return { hash: entryHash(entry), stored: { entry, certificate: utf8(`certificate of ${text}`).slice(0, 240) } }
}

/** What an `EntryStore` adapter must do. `port.reopen` is another process on the same database. */
export const entryStoreContract: ContractCase<{ store: EntryStore; reopen: () => Promise<EntryStore> }>[] = [
  {
    name: 'starts empty',
    run: async ({ store }) => {
      deepEqual(await store.range(1, 10), [])
      equal(await store.find(sample(1, 'a').hash), undefined)
    },
  },
  {
    name: 'keeps candidates of one slot side by side, durably, and takes them twice',
    run: async ({ store, reopen }) => {
      const [a, b] = [sample(1, 'a'), sample(1, 'b')]
      await store.putCandidate(1, a.hash, a.stored.entry)
      await store.putCandidate(1, b.hash, b.stored.entry)
      await store.putCandidate(1, a.hash, a.stored.entry)
      const again = await reopen()
      deepEqual(await again.find(a.hash), a.stored.entry)
      deepEqual(await again.find(b.hash), b.stored.entry)
      deepEqual(await store.range(1, 10), [])
    },
  },
  {
    name: 'gives certified entries back in order, durably, and takes them twice',
    run: async ({ store, reopen }) => {
      const samples = [1, 2, 3].map(seq => sample(seq, `entry ${seq}`))
      for (const [i, { hash, stored }] of samples.entries()) {
        await store.putCertified(i + 1, hash, stored)
        await store.putCertified(i + 1, hash, stored)
      }
      const all = samples.map(({ stored }) => stored)
      for (const each of [store, await reopen()]) {
        deepEqual(await each.range(1, 10), all)
        deepEqual(await each.range(2, 1), all.slice(1, 2))
        deepEqual(await each.range(4, 10), [])
        deepEqual(await each.find(samples[1]?.hash ?? vaultId), all[1]?.entry)
      }
    },
  },
  {
    name: 'rejects a gap and a different entry for a certified slot',
    run: async ({ store }) => {
      const [a, b, late] = [sample(1, 'a'), sample(1, 'b'), sample(3, 'late')]
      await store.putCertified(1, a.hash, a.stored)
      await rejects(store.putCertified(1, b.hash, b.stored))
      await rejects(store.putCertified(3, late.hash, late.stored))
      deepEqual(await store.range(1, 10), [a.stored])
    },
  },
  {
    name: 'keeps an entry of the full size',
    run: async ({ store, reopen }) => {
      const large = { ...sample(1, 'x'.repeat(512 * 1024 - 200)) }
      await store.putCertified(1, large.hash, large.stored)
      deepEqual(await (await reopen()).range(1, 1), [large.stored])
    },
  },
]
