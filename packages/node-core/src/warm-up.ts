import {
  type Curve,
  createFrostSigning,
  createKeygen,
  createPairSetup,
  createSigning,
  type KeyShare,
  type Random,
  type Session,
} from '@trivault/mpc'

const parties = [1, 2] as const

/** Plays both parties of a protocol to its end. */
function play<T>(create: (self: number, peer: number, sessionId: Uint8Array) => Session<T>, random: Random): [T, T] {
  const id = random(32)
  const sessions = [create(1, 2, id), create(2, 1, id)] as const
  const results: (T | undefined)[] = [undefined, undefined]
  const mail = parties.flatMap(from => sessions[from - 1]?.start().out.map(sent => ({ from, ...sent })) ?? [])
  for (let next = mail.shift(); next !== undefined; next = mail.shift()) {
    const { from, to, frame } = next
    const step = sessions[to - 1]?.receive(from, frame)
    results[to - 1] = step?.result ?? results[to - 1]
    mail.push(...(step?.out ?? []).map(sent => ({ from: to as 1 | 2, ...sent })))
  }
  const [first, second] = results
  if (first === undefined || second === undefined) throw new Error('the warm-up came to no result')
  return [first, second]
}

/**
 * Runs the joint protocols with dummy keys that are made, used and forgotten here, until the compiler has seen them: a first
 * signature takes many times longer than a later one. Yields after each. Both parties are played in this process, and nothing
 * of the vault's keys is touched.
 */
export async function warmUp(random: Random, rounds: number): Promise<void> {
  const keygen = (curve: Curve): [KeyShare, KeyShare] =>
    play((self, _peer, sessionId) => createKeygen({ curve, self, parties: 2, threshold: 2, sessionId, random }), random)
  const ecdsa = keygen('secp256k1')
  const eddsa = keygen('ed25519')
  const pairs = play((self, peer, sessionId) => createPairSetup({ self, peer, sessionId, random }), random)
  const signers = [...parties]
  const path = [44, 60, 0, 0, 0]
  const of = <T>(two: readonly [T, T], self: number): T => two[self === 1 ? 0 : 1]
  try {
    for (let i = 0; i < rounds; i++) {
      const digest = random(32)
      play((self, peer, sessionId) => {
        const states = new Map([[peer, of(pairs, self)]])
        return createSigning({ self, signers, share: of(ecdsa, self), path, pairs: states, digest, sessionId, random })
      }, random)
      play((self, _peer, sessionId) => {
        const share = of(eddsa, self)
        return createFrostSigning({ self, signers, share, path, message: digest, sessionId, random })
      }, random)
      await new Promise(resolve => setImmediate(resolve))
    }
  } finally {
    for (const pair of pairs) pair.destroy()
  }
}
