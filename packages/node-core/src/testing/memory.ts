import { equalBytes } from '@trivault/codec'
import type { Anchor, AnchorRow } from '@trivault/ledger'
import type { HoldStore, Mailbox, Party, QuarantineStore, Records, Row } from '../ports.ts'

export interface MemoryRecords extends Records {
  /** table → key → value; a test may alter, remove, or copy it. */
  readonly tables: Map<string, Map<string, Uint8Array>>
  /** While set, every call rejects with it. */
  failure: Error | undefined
}

/** A node's database in memory. */
export function memoryRecords(): MemoryRecords {
  const tables: MemoryRecords['tables'] = new Map()
  const tableOf = (name: string) => {
    const table = tables.get(name) ?? new Map<string, Uint8Array>()
    tables.set(name, table)
    return table
  }
  const records: MemoryRecords = {
    tables,
    failure: undefined,
    async get(table, key) {
      check()
      return tableOf(table).get(key)?.slice()
    },
    async put(rows) {
      check()
      for (const { table, key, value } of rows) tableOf(table).set(key, value.slice())
    },
    async range(table, from, limit) {
      check()
      return [...tableOf(table)]
        .filter(([key]) => key >= from)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([key, value]): Row => ({ table, key, value: value.slice() }))
    },
    async remove(table, keys) {
      check()
      for (const key of keys) tableOf(table).delete(key)
    },
  }
  const check = () => {
    if (records.failure !== undefined) throw records.failure
  }
  return records
}

export interface MailboxHub {
  mailbox(party: Party): Mailbox
  /** What has been sent and is still under way. */
  readonly inFlight: number
  /** Cuts a party off until `connect`: what is sent to it or by it is lost. */
  disconnect(party: Party): void
  connect(party: Party): void
}

export interface HubOptions {
  /** Probability in [0, 1] that a message is lost; 0 when absent. */
  loss?: number
  /** Most milliseconds that a message takes; messages overtake each other. Absent: none, in order. */
  delay?: number
  /** Uniform in [0, 1); needed with loss or delay. */
  random?: () => number
}

/** Mailboxes of the three nodes and the wallet, connected in memory. */
export function mailboxHub({ loss = 0, delay = 0, random = () => 0.5 }: HubOptions = {}): MailboxHub {
  const handlers = new Map<Party, (from: Party, message: Uint8Array) => void>()
  const away = new Set<Party>()
  let inFlight = 0
  return {
    get inFlight() {
      return inFlight
    },
    disconnect: party => void away.add(party),
    connect: party => void away.delete(party),
    mailbox: self => ({
      send(to, message) {
        if (away.has(self) || away.has(to) || random() < loss) return
        const copy = message.slice()
        inFlight += 1
        const arrive = () => {
          inFlight -= 1
          if (!away.has(to)) handlers.get(to)?.(self, copy)
        }
        if (delay === 0) setImmediate(arrive)
        else setTimeout(arrive, random() * delay)
      },
      onMessage: handler => void handlers.set(self, handler),
    }),
  }
}

export interface MemoryAnchor extends Anchor {
  /** The row itself: a test may remove it or put an older one back. */
  row: AnchorRow | undefined
}

/** An anchor in memory, with its first row. */
export function memoryAnchor(first: AnchorRow | undefined): MemoryAnchor {
  const copy = ({ version, record }: AnchorRow): AnchorRow => ({ version, record: record.slice() })
  const anchor: MemoryAnchor = {
    row: first && copy(first),
    load: async () => anchor.row && copy(anchor.row),
    async compareAndSet(expected, next) {
      if (next.version !== expected + 1) throw new RangeError('an anchor row is followed by the next version')
      if (anchor.row?.version !== expected) return false
      anchor.row = copy(next)
      return true
    },
  }
  return anchor
}

export interface MemoryQuarantine extends QuarantineStore {
  readonly held: Map<number, Uint8Array>
  /** While set, every call rejects with it. */
  failure: Error | undefined
}

/** Quarantines in memory; a test may release a peer. */
export function memoryQuarantine(): MemoryQuarantine {
  const store: MemoryQuarantine = {
    held: new Map(),
    failure: undefined,
    async load() {
      check()
      return [...store.held].map(([peer, record]) => ({ peer, record: record.slice() }))
    },
    async save(peer, record) {
      check()
      store.held.set(peer, record.slice())
    },
    async remove(peer, record) {
      check()
      if (!equalBytes(store.held.get(peer) ?? new Uint8Array(0), record)) throw new Error('another record')
      store.held.delete(peer)
    },
  }
  const check = () => {
    if (store.failure !== undefined) throw store.failure
  }
  return store
}

export interface MemoryHolds extends HoldStore {
  readonly held: Map<string, Uint8Array>
  /** While set, every call rejects with it. */
  failure: Error | undefined
}

/** Freezes and vetoes in memory. */
export function memoryHolds(): MemoryHolds {
  const store: MemoryHolds = {
    held: new Map(),
    failure: undefined,
    async load() {
      check()
      return [...store.held.values()].map(hold => hold.slice())
    },
    async save(id, hold) {
      check()
      store.held.set(id, hold.slice())
    },
    async remove(id) {
      check()
      store.held.delete(id)
    },
  }
  const check = () => {
    if (store.failure !== undefined) throw store.failure
  }
  return store
}
