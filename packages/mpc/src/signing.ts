import type { KeyShare } from './keyshare.ts'
import type { PairState } from './pair-setup.ts'
import type { Random, Session } from './session.ts'

export type SigningOptions = {
  self: number
  /** Distinct party indexes, ascending, at least `threshold`, containing `self`. */
  signers: readonly number[]
  share: KeyShare
  /** One usable pair state for each other signer. */
  pairs: ReadonlyMap<number, PairState>
  /** Non-hardened BIP-32 path from the master key; [] signs with the master key. */
  path: readonly number[]
  /** 32 bytes. */
  digest: Uint8Array
  /** 32 bytes, fresh for every session, equal at all signers. */
  sessionId: Uint8Array
  random: Random
}
/** Verified, low-S. `recovery` is the recovery id 0..3. */
export type Signature = { r: Uint8Array; s: Uint8Array; recovery: number }

export const createSigning = (_options: SigningOptions): Session<Signature> => {
  throw new Error('not yet')
}
