import { reasonOf } from './errors.ts'
import type { Log, Quarantined, QuarantineStore } from './ports.ts'

interface Held {
  entry: Quarantined
  stored: PromiseWithResolvers<void>
  phase: 'storing' | 'failed' | 'stored'
}

/**
 * Peers that failed an authenticated check. At once in memory, then kept where only the node's admin can remove it: no
 * restart and no host lifts a quarantine.
 */
export class Quarantine {
  readonly #store: QuarantineStore
  readonly #log: Log
  readonly #peers: Set<number>
  readonly #held = new Map<number, Held>()

  private constructor(store: QuarantineStore, log: Log, peers: readonly number[]) {
    this.#store = store
    this.#log = log
    this.#peers = new Set(peers)
  }

  /** Throws what the store throws: a node that cannot read its quarantines does not start (N4). */
  static async open(store: QuarantineStore, log: Log): Promise<Quarantine> {
    const peers = await store.load()
    for (const peer of peers) log('warn', 'peer is quarantined until the admin of this node releases it', { peer })
    return new Quarantine(store, log, peers)
  }

  get peers(): number[] {
    return [...this.#peers].sort()
  }

  has(peer: number): boolean {
    return this.#peers.has(peer)
  }

  /** Holds from this call on; resolves when it is durable. The first cause stays. */
  add(entry: Quarantined): Promise<void> {
    const known = this.#held.get(entry.peer)
    if (known !== undefined) return known.stored.promise
    if (this.#peers.has(entry.peer)) return Promise.resolve()
    const held: Held = { entry, stored: Promise.withResolvers<void>(), phase: 'storing' }
    this.#peers.add(entry.peer)
    this.#held.set(entry.peer, held)
    this.#save(held)
    return held.stored.promise
  }

  /** Stores again what could not be stored. */
  tick(): void {
    for (const held of this.#held.values()) if (held.phase === 'failed') this.#save(held)
  }

  #save(held: Held): void {
    held.phase = 'storing'
    this.#store.save(held.entry).then(
      () => {
        held.phase = 'stored'
        held.stored.resolve()
      },
      (error: unknown) => {
        held.phase = 'failed'
        this.#log('error', 'quarantine could not be stored', { peer: held.entry.peer, reason: reasonOf(error) })
      },
    )
  }
}
