import { concat } from './bytes.ts'
import { MpcError } from './errors.ts'
import { deltaOf } from './ot-extension.ts'
import { gadgetVector, type PairMaterial } from './rvole.ts'

/**
 * OT state with one peer for one epoch (one process life). Lives in memory only: it has no encoding, and its secrets are
 * not reachable through the object, so neither JSON nor structured clone can carry them.
 */
export interface PairState {
  readonly self: number
  readonly peer: number
  /** False after `destroy`, which a signing session also calls when a check fails, and after 2^20 sessions. */
  readonly usable: boolean
  /** Erases the state; signing with this peer then needs a new pair set-up. */
  destroy(): void
}

export type PairSecrets = {
  self: number
  peer: number
  session: Uint8Array
  full: readonly (readonly Uint8Array[])[]
  /** Zeros at the secret position of each tree. */
  punctured: readonly (readonly Uint8Array[])[]
  positions: Uint8Array
  zeroSeed: Uint8Array
}

/** Sessions per epoch: bounds the list of used session ids. */
const MAX_SESSIONS = 1 << 20

/** 32 bytes for each tree and leaf. */
export const packLeaves = (trees: readonly (readonly Uint8Array[])[]): Uint8Array => concat(...trees.flat())

export class OtPair implements PairState {
  readonly self: number
  readonly peer: number
  #material: PairMaterial | undefined
  readonly #used = new Set<string>()

  constructor(secrets: PairSecrets) {
    this.self = secrets.self
    this.peer = secrets.peer
    const positions = Uint8Array.from(secrets.positions)
    this.#material = {
      session: secrets.session,
      full: packLeaves(secrets.full),
      punctured: packLeaves(secrets.punctured),
      positions,
      delta: deltaOf(positions),
      zeroSeed: secrets.zeroSeed,
      gadget: { own: gadgetVector(secrets.session, secrets.self), peer: gadgetVector(secrets.session, secrets.peer) },
    }
  }

  get usable(): boolean {
    return !this.erased && this.#used.size < MAX_SESSIONS
  }

  get erased(): boolean {
    return this.#material === undefined
  }

  /** The material for one session; each session id works once per epoch, because equal ids mean equal PRG output. */
  claim(session: Uint8Array): PairMaterial {
    if (this.#material === undefined || !this.usable) {
      throw new MpcError('pair-destroyed', `the OT state with party ${this.peer} is gone or used up`)
    }
    const id = Buffer.from(session).toString('latin1')
    if (this.#used.has(id)) throw new MpcError('session-reused', 'session id was already used with this OT state')
    this.#used.add(id)
    return this.#material
  }

  destroy(): void {
    const material = this.#material
    this.#material = undefined
    if (material === undefined) return
    const { full, punctured, positions, delta, zeroSeed } = material
    for (const secret of [full, punctured, positions, delta, zeroSeed]) secret.fill(0)
  }
}
