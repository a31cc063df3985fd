import { toHex, utf8 } from '@trivault/codec'
import { quarantineHash } from '@trivault/protocol'
import { reasonOf } from './errors.ts'
import type { Log, QuarantineCause, QuarantineStore } from './ports.ts'

interface Held {
  peer: number
  record: Uint8Array
  stored: PromiseWithResolvers<void>
  phase: 'storing' | 'failed' | 'stored'
}

export interface QuarantineOptions {
  store: QuarantineStore
  log: Log
  random: (length: number) => Uint8Array
}

/**
 * Peers that failed an authenticated check. At once in memory, then kept where only the node's admin has a say: no restart and
 * no host lifts a quarantine.
 */
export class Quarantine {
  readonly #options: QuarantineOptions
  readonly #peers: Set<number>
  readonly #held = new Map<number, Held>()

  private constructor(options: QuarantineOptions, peers: readonly number[]) {
    this.#options = options
    this.#peers = new Set(peers)
  }

  /** Throws what the store throws: a node that cannot read its quarantines does not start (N4). */
  static async open(options: QuarantineOptions): Promise<Quarantine> {
    const kept = await options.store.load()
    for (const { peer, record } of kept)
      options.log('warn', 'peer is quarantined until the admin of this node releases it', {
        peer,
        quarantine: toHex(quarantineHash(peer, record)),
      })
    return new Quarantine(
      options,
      kept.map(({ peer }) => peer),
    )
  }

  get peers(): number[] {
    return [...this.#peers].sort()
  }

  has(peer: number): boolean {
    return this.#peers.has(peer)
  }

  /** Holds from this call on; resolves when it is durable. The first cause stays. */
  add(peer: number, cause: QuarantineCause): Promise<void> {
    const known = this.#held.get(peer)
    if (known !== undefined) return known.stored.promise
    if (this.#peers.has(peer)) return Promise.resolve()
    const held: Held = { peer, record: this.#recordOf(cause), stored: Promise.withResolvers<void>(), phase: 'storing' }
    this.#peers.add(peer)
    this.#held.set(peer, held)
    this.#save(held)
    return held.stored.promise
  }

  /** Stores again what could not be stored. */
  tick(): void {
    for (const held of this.#held.values()) if (held.phase === 'failed') this.#save(held)
  }

  /** No two are equal, not even of one cause at one time by a host's clock: a release is for one of them. */
  #recordOf(cause: QuarantineCause): Uint8Array {
    return utf8(`${JSON.stringify({ ...cause, nonce: toHex(this.#options.random(16)) })}\n`)
  }

  #save(held: Held): void {
    held.phase = 'storing'
    const { store, log } = this.#options
    store.save(held.peer, held.record).then(
      () => {
        held.phase = 'stored'
        held.stored.resolve()
      },
      (error: unknown) => {
        held.phase = 'failed'
        log('error', 'quarantine could not be stored', { peer: held.peer, reason: reasonOf(error) })
      },
    )
  }
}
