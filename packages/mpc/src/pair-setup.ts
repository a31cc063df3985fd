import type { Random, Session } from './session.ts'

export type PairSetupOptions = {
  self: number
  peer: number
  /** 32 bytes, fresh and equal at both parties. */
  sessionId: Uint8Array
  random: Random
}
/** OT state with one peer for one epoch. Lives in memory only and cannot be serialised. */
export interface PairState {
  readonly self: number
  readonly peer: number
  /** False after `destroy` or after a failed check with this peer. */
  readonly usable: boolean
  /** Erases the state; signing with this peer then needs a new pair set-up. */
  destroy(): void
}
export const createPairSetup = (_options: PairSetupOptions): Session<PairState> => {
  throw new Error('not yet')
}
