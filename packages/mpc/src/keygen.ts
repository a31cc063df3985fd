import type { KeyShare } from './keyshare.ts'
import type { Random, Session } from './session.ts'

export type KeygenOptions = {
  /** Own index, 1..parties. */
  self: number
  /** n, 2..5. */
  parties: number
  /** t, 2..n: how many must sign. */
  threshold: number
  /** 32 bytes, fresh and equal at all parties. */
  sessionId: Uint8Array
  random: Random
}
export const createKeygen = (_options: KeygenOptions): Session<KeyShare> => {
  throw new Error('not yet')
}
