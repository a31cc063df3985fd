import { concat, toHex, utf8 } from '@trivault/codec'
import { createPairSetup, type Failure, type PairState } from '@trivault/mpc'
import type { JointSessions } from './joint-sessions.ts'
import type { Log } from './ports.ts'
import type { Quarantine } from './quarantine.ts'

interface Epoch {
  /** The set-up's task. */
  task: string
  id: Uint8Array
  state: PairState
}

export interface PairsOptions {
  self: number
  sessions: JointSessions
  random: (length: number) => Uint8Array
  bootOf: (node: number) => Uint8Array | undefined
  ownBoot: Uint8Array
  quarantine: Quarantine
  /** Milliseconds since 1970. */
  clock: () => number
  log: Log
  onReady: () => void
}

/**
 * OT correlations with each peer: memory only, one epoch per pair and boot (I3). A peer that failed an authenticated check is
 * quarantined: neither wallet nor broker nor host can bring that about or undo it.
 */
export class Pairs {
  readonly #options: PairsOptions
  readonly #epochs = new Map<number, Epoch>()

  constructor(options: PairsOptions) {
    this.#options = options
  }

  /** A peer has (re)booted: make a new epoch with it. */
  connect(peer: number): void {
    this.#forget(peer)
    // Q1: in none of its boots.
    if (this.#options.quarantine.has(peer)) return
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
      ready: () => !this.#options.quarantine.has(peer),
      epochs: () => [undefined, undefined, undefined],
      create: sessionId => {
        this.#forget(peer)
        return createPairSetup({ self: self + 1, peer: peer + 1, sessionId, random: this.#options.random })
      },
      complete: (state, sessionId) => {
        this.#epochs.set(peer, { task: name, id: sessionId, state: state as PairState })
        this.#options.log('info', 'oblivious transfer epoch ready', { peer })
        this.#options.onReady()
      },
      failed: failure => void this.accuse(failure, name),
    })
  }

  /** An epoch that has served its number of sessions is followed by a new one: signing would stop otherwise. */
  tick(): void {
    for (const [peer, { task, state }] of this.#epochs)
      if (!state.usable && !this.#options.quarantine.has(peer)) this.#options.sessions.renew(task)
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
    return this.#options.quarantine.peers
  }

  /**
   * A failed check destroys the OT state with every suspect (Q1). Accusation and equivocation stay two words (Q2). Resolves
   * when the quarantine is durable; never rejects.
   */
  async accuse({ check, kind, party, suspects }: Failure, where: string): Promise<void> {
    const peers = suspects.map(suspect => suspect - 1)
    const time = this.#options.clock()
    const durable = peers.map(peer => this.#options.quarantine.add(peer, { check, kind, where, time }))
    for (const peer of peers) this.#forget(peer)
    const named = party === undefined ? 'not named' : party - 1
    this.#options.log('error', `protocol check failed: ${kind}`, { check, where, party: named, suspects: peers.join() })
    await Promise.all(durable)
  }

  /** J6: sessions end before their state does. */
  #forget(peer: number): void {
    this.#options.sessions.epochGone(peer)
    this.#epochs.get(peer)?.state.destroy()
    this.#epochs.delete(peer)
  }
}
