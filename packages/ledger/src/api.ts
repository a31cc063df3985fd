import type { Entry } from './entry.ts'
import type { Anchor, EntryStore, Machine } from './ports.ts'
import type { Cast, Certificate, Committee, NodeIndex, Signer } from './signed.ts'

/** The newest certified entry; seq 0 with the vault id as hash before the first. */
export interface Head {
  seq: number
  hash: Uint8Array
  /** Missing only at seq 0. */
  certificate: Certificate | undefined
}

/** One accepted entry: durable, certified, and folded. */
export interface Certified<S> {
  entry: Entry
  hash: Uint8Array
  certificate: Certificate
  /** Outcome of each command. */
  outcomes: Uint8Array[]
  /** The state after this entry. */
  state: S
}

export interface LogOptions<S> {
  committee: Committee
  machine: Machine<S>
  store: EntryStore
  /** Called once for each newly accepted entry, after it is durable; not for entries replayed at opening. Must not throw. */
  onCertified?: (certified: Certified<S>) => void
}

export interface VoterOptions<S> extends LogOptions<S> {
  signer: Signer
  anchor: Anchor
  /** Own wall clock, milliseconds since the epoch. */
  clock: () => number
  /**
   * L4: a hold that this node was brought and that is not among the holds with which the entry's commands begin, if any. `state`
   * is that before the first command, after `begin`. Of holds that must come in an order, the last one is asked for first.
   */
  pendingHold?: (state: S, commands: readonly Uint8Array[]) => Uint8Array | undefined
}

/** `sender`: whoever sent the handled message; `all`: the other two nodes and every wallet. */
export interface Output {
  to: 'sender' | 'all'
  message: Uint8Array
}

/**
 * `voting`; `behind` its vote record is ahead of its database, it catches up before it votes; `no-anchor` there is no usable
 * vote record; `restored` L8, it was shown its own signature that its record does not cover; `halted` fork or diverged fold.
 */
export type Phase = 'voting' | 'behind' | 'no-anchor' | 'restored' | 'halted'

export interface VoterStatus {
  node: NodeIndex
  phase: Phase
  /** Why, in words, unless voting. */
  reason: string
  head: Head
  promised: number
  lastVote: Cast | undefined
  /** The two certificates of a fork. */
  fork: [Certificate, Certificate] | undefined
}

/** What became of one submitted command. */
export type CommandResult =
  | { ok: true; seq: number; index: number; outcome: Uint8Array }
  | { ok: false; code: string; message: string }

/** How a proposer reaches the nodes. Sends are fire and forget; losses are repaired. */
export interface Transport {
  broadcast(message: Uint8Array): void
  send(node: NodeIndex, message: Uint8Array): void
}

export interface ProposerOptions<S> extends LogOptions<S> {
  transport: Transport
  clock: () => number
  /** Uniform in [0, 1). */
  random: () => number
  /** Runs `task` once after `delay` ms unless the returned function is called first. */
  schedule: (delay: number, task: () => Promise<void>) => () => void
  /** Milliseconds without progress until a message is sent again (default 500); back-off starts from it. */
  resendAfter?: number
}

export interface ProposerStatus {
  /** `syncing` before the first answer from a node; `halted` a fork, or a kept entry whose bytes nobody has. */
  phase: 'syncing' | 'idle' | 'proposing' | 'halted'
  reason: string
  head: Head
  ballot: number
  queued: number
  /** Newest known answer per node in this slot: 'vote', 'refuse <code>', '' for none yet. */
  nodes: [string, string, string]
  fork: [Certificate, Certificate] | undefined
}
