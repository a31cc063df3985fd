import { type Codec, decode, encode } from '@trivault/codec'
import { firstDifference, type Genesis, genesisCodec } from '@trivault/protocol'
import type { Log } from './ports.ts'

const every = 2_000

/**
 * Names what two node admins pinned differently. Nodes with different pins are in different vaults and refuse each other's greeting; then
 * each shows its pins. What a peer shows is not authenticated and used for nothing but telling the admin.
 */
export class PinsCheck {
  readonly #genesis: Genesis
  readonly #log: Log
  readonly #differences = new Map<number, string>()
  readonly #shownAt = new Map<number, number>()

  constructor(genesis: Genesis, log: Log) {
    this.#genesis = genesis
    this.#log = log
  }

  /** The own pins for a peer whose greeting was refused; undefined when they were shown a moment ago. */
  show(to: number, now: number): Uint8Array | undefined {
    if (now - (this.#shownAt.get(to) ?? -every) < every) return undefined
    this.#shownAt.set(to, now)
    return encode(genesisCodec as Codec<Genesis>, this.#genesis)
  }

  receive(from: number, pins: Uint8Array): void {
    let difference: string
    try {
      difference = firstDifference(this.#genesis, decode(genesisCodec as Codec<Genesis>, pins)) ?? ''
    } catch {
      difference = 'format'
    }
    if (difference === '' || this.#differences.get(from) === difference) return
    this.#differences.set(from, difference)
    this.#log('error', 'pins differ from those of a peer', { peer: from, field: difference })
  }

  /** A greeting was accepted: the pins are equal. */
  agree(from: number): void {
    this.#differences.delete(from)
  }

  /** For the status; empty when no difference is known. */
  get reason(): string {
    return [...this.#differences]
      .sort(([a], [b]) => a - b)
      .map(([peer, field]) => `pins differ from those of node ${peer}: ${field}`)
      .join('; ')
  }
}
