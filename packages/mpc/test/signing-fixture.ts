import { hash, indexBytes } from '../src/hash.ts'
import type { KeyShare } from '../src/index.ts'
import { CHEAT, HEADER, never, put, roundOf } from './cheats.ts'
import { dealPairs, type Intercept, keygen, random, run, signSessions } from './run.ts'

export const shares = keygen(3, 3)
export const signers = [1, 2, 3]
export const digest = new Uint8Array(32).fill(9)

export const signingHash = (sessionId: Uint8Array): Uint8Array => {
  const share = shares.get(1) ?? never()
  return hash(
    'signing/session',
    sessionId,
    share.publicKey,
    share.transcriptHash,
    indexBytes(signers),
    new Uint8Array(),
    digest,
  )
}

export const signWith = (intercept: Intercept, sessionId = random(32), cheatShare?: KeyShare) => {
  const pairs = dealPairs(signers)
  const used = cheatShare === undefined ? shares : new Map([...shares, [CHEAT, cheatShare]])
  const outcome = run(signSessions({ shares: used, pairs, signers, digest, sessionId }), intercept)
  return { ...outcome, pairs }
}

// Round 1: commitment, two payload hashes, then the payload. Round 3: see `SPEC.md` section 7.
export const one = { commitment: 0, hashes: 32, payload: 96, check: 96 + 4352, matrixHash: 96 + 4368, psi: 96 + 4400 }
const eta = 98 + 416 * 128
export const three = { r: 0, key: 33, salt: 66, matrix: 98, eta, mu: eta + 64, gammaR: eta + 96 }
export const gammaKey = three.gammaR + 33
export const psi = gammaKey + 33
export const psiSalt = psi + 32

/**
 * A cheat that rewrites the broadcast part of its first round and otherwise follows the protocol: it echoes what it sent,
 * and shows its own session the echoes that this expects. `change` runs once, with the whole frame body for party 1.
 */
export const broadcastCheat = (
  sessionId: Uint8Array,
  change: (broadcast: Uint8Array, body: Uint8Array) => Uint8Array,
): Intercept => {
  const session = signingHash(sessionId)
  const digestOf = (part: Uint8Array): Uint8Array => hash('signing/broadcast', session, indexBytes([CHEAT]), part)
  let sent: Uint8Array = new Uint8Array()
  let honestDigest: Uint8Array = new Uint8Array()
  return (from, to, frame) => {
    if (to === CHEAT && roundOf(frame) === 2) return put(frame, HEADER + 64, honestDigest)
    if (from !== CHEAT) return frame
    if (roundOf(frame) === 2) return put(frame, HEADER + 64, digestOf(sent))
    if (roundOf(frame) !== 1) return frame
    if (to === 1) {
      const body = frame.slice(HEADER)
      honestDigest = digestOf(body.slice(0, one.payload))
      sent = change(body.slice(0, one.payload), body)
    }
    return put(frame, HEADER, sent)
  }
}

/** A cheat that rewrites its payload for party 1 and announces the new payload's hash to everyone. */
export const payloadCheat = (sessionId: Uint8Array, change: (payload: Uint8Array) => Uint8Array): Intercept => {
  let payload: Uint8Array = new Uint8Array()
  const announce = broadcastCheat(sessionId, (broadcast, body) => {
    payload = change(body.slice(one.payload))
    const promised = hash('signing/payload', signingHash(sessionId), indexBytes([CHEAT, 1]), payload)
    return put(broadcast, one.hashes, promised)
  })
  return (from, to, frame) => {
    const sent = announce(from, to, frame)
    const carries = from === CHEAT && to === 1 && roundOf(frame) === 1 && sent instanceof Uint8Array
    return carries ? put(sent, HEADER + one.payload, payload) : sent
  }
}
