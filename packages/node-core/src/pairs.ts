import { concat, toHex, utf8 } from '@trivault/codec'
import { createPairSetup, type Failure, type PairState } from '@trivault/mpc'
import type { JointSessions } from './joint-sessions.ts'
import type { Log } from './ports.ts'

interface Epoch {
  id: Uint8Array
  state: PairState
}

export interface PairsOptions {
  self: number
  sessions: JointSessions
  random: (length: number) => Uint8Array
  bootOf: (node: number) => Uint8Array | undefined
  ownBoot: Uint8Array
  log: Log
  onReady: () => void
}

/**
 * OT correlations with each peer: memory only, one epoch per pair and boot (I3). A peer that failed an authenticated check is
 * quarantined for the rest of this process: neither wallet nor broker can bring that about or undo it.
 */
export class Pairs {
  readonly #options: PairsOptions
  readonly #epochs = new Map<number, Epoch>()
  readonly #quarantined = new Set<number>()

  constructor(options: PairsOptions) {
    this.#options = options
  }

  /** A peer has (re)booted: make a new epoch with it. */
  connect(peer: number): void {
    this.#forget(peer)
    if (this.#quarantined.has(peer)) return
    const { self, sessions, bootOf, ownBoot } = this.#options
    const boot = bootOf(peer)
    if (boot === undefined) return
    const boots = self < peer ? [ownBoot, boot] : [boot, ownBoot]
    const nodes = self < peer ? [self, peer] : [peer, self]
    const prefix = `pair/${nodes.join('-')}/`
    const name = prefix + boots.map(toHex).join('-')
    sessions.dropWhere(other => other.startsWith(prefix) && other !== name)
    sessions.add({
      name,
      nodes,
      binding: concat(utf8('pair'), ...boots),
      unlimited: true,
      ready: () => !this.#quarantined.has(peer),
      epochs: () => [undefined, undefined, undefined],
      create: sessionId => {
        this.#forget(peer)
        return createPairSetup({ self: self + 1, peer: peer + 1, sessionId, random: this.#options.random })
      },
      complete: (state, sessionId) => {
        this.#epochs.set(peer, { id: sessionId, state: state as PairState })
        this.#options.log('info', 'oblivious transfer epoch ready', { peer })
        this.#options.onReady()
      },
      failed: failure => this.accuse(failure, name),
    })
  }

  /** The usable epoch with a peer, if there is one. */
  epoch(peer: number): Epoch | undefined {
    const epoch = this.#epochs.get(peer)
    return epoch?.state.usable === true ? epoch : undefined
  }

  get connected(): number[] {
    return [...this.#epochs.keys()].filter(peer => this.epoch(peer) !== undefined).sort()
  }

  get quarantined(): number[] {
    return [...this.#quarantined].sort()
  }

  /** A failed check destroys the OT state with every suspect. Accusation and equivocation stay two words in the log. */
  accuse(failure: Failure, where: string): void {
    for (const suspect of failure.suspects.map(party => party - 1)) {
      this.#quarantined.add(suspect)
      this.#forget(suspect)
    }
    const party = failure.party === undefined ? 'not named' : failure.party - 1
    const suspects = failure.suspects.map(one => one - 1).join()
    this.#options.log('error', `protocol check failed: ${failure.kind}`, {
      check: failure.check,
      where,
      party,
      suspects,
    })
  }

  #forget(peer: number): void {
    this.#options.sessions.epochGone(peer)
    this.#epochs.get(peer)?.state.destroy()
    this.#epochs.delete(peer)
  }
}
