import {
  type Curve,
  createFrostSigning,
  createKeygen,
  type KeyShare,
  type SchnorrSignature,
  type Session,
  type Taproot,
} from '../src/index.ts'
import { random, range, run } from './run.ts'

/** Shares of a new key on either curve. */
export const keygenOn = (curve: Curve, parties: number, threshold: number): Map<number, KeyShare> => {
  const sessionId = random(32)
  return run(
    new Map(range(parties).map(self => [self, createKeygen({ curve, self, parties, threshold, sessionId, random })])),
  ).results
}

export type FrostInput = {
  shares: ReadonlyMap<number, KeyShare>
  signers: readonly number[]
  path?: readonly number[]
  taproot?: Taproot
  message?: Uint8Array
  sessionId?: Uint8Array
  source?: (n: number) => Uint8Array
}

export const frostSessions = ({
  shares,
  signers,
  path = [],
  taproot,
  message = new Uint8Array(32).fill(7),
  sessionId = random(32),
  source = random,
}: FrostInput): Map<number, Session<SchnorrSignature>> =>
  new Map(
    signers.map(self => {
      const share = shares.get(self)
      if (share === undefined) throw new Error(`no share for ${self}`)
      const options = { self, signers, share, path, message, sessionId, random: source }
      return [self, createFrostSigning(taproot === undefined ? options : { ...options, taproot })]
    }),
  )
