import { equalBytes, toHex } from '@trivault/codec'
import { entryHash } from '../entry.ts'
import type { Anchor, AnchorRow, EntryStore, StoredEntry } from '../ports.ts'

/** Called before and after each durable step; may throw to stop the process that stands there, or make it wait. */
export type Step = () => void | Promise<void>

/** An entry store in memory. `snapshot` and `restore` stand for a rolled-back database. */
export class MemoryStore implements EntryStore {
  candidates = new Map<string, Uint8Array>()
  certified: StoredEntry[] = []
  readonly #step: Step

  constructor(step: Step = () => {}) {
    this.#step = step
  }

  async putCandidate(_seq: number, hash: Uint8Array, entry: Uint8Array): Promise<void> {
    await this.#step()
    this.candidates.set(toHex(hash), entry)
    await this.#step()
  }

  async find(hash: Uint8Array): Promise<Uint8Array | undefined> {
    const candidate = this.candidates.get(toHex(hash))
    return candidate ?? this.certified.find(({ entry }) => equalBytes(entryHash(entry), hash))?.entry
  }

  async putCertified(seq: number, _hash: Uint8Array, stored: StoredEntry): Promise<void> {
    await this.#step()
    const existing = this.certified[seq - 1]
    if (seq < 1 || seq > this.certified.length + 1) throw new Error(`putCertified ${seq} leaves a gap`)
    if (existing !== undefined && !equalBytes(existing.entry, stored.entry))
      throw new Error(`putCertified ${seq} would replace an entry`)
    this.certified[seq - 1] = existing ?? stored
    this.candidates.clear()
    await this.#step()
  }

  async range(from: number, limit: number): Promise<StoredEntry[]> {
    return this.certified.slice(from - 1, from - 1 + limit)
  }

  snapshot(): () => void {
    const candidates = new Map(this.candidates)
    const certified = [...this.certified]
    return () => {
      this.candidates = new Map(candidates)
      this.certified = [...certified]
    }
  }
}

/** An anchor in memory. */
export class MemoryAnchor implements Anchor {
  row: AnchorRow | undefined
  readonly #step: Step

  constructor(row: AnchorRow | undefined, step: Step = () => {}) {
    this.row = row
    this.#step = step
  }

  async load(): Promise<AnchorRow | undefined> {
    return this.row
  }

  async compareAndSet(expected: number, next: AnchorRow): Promise<boolean> {
    await this.#step()
    if (this.row?.version !== expected) return false
    this.row = next
    await this.#step()
    return true
  }
}
