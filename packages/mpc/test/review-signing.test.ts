import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { derivePublicKey, type KeyShare, type Session, type Signature } from '../src/index.ts'
import { ORDER, scalarBytes } from '../src/scalar.ts'
import { dealPairs, keygen, keygenSessions, random, run, signSessions } from './run.ts'

const signers = [1, 2, 3]
const shares = keygen(3, 3)
const publicKey = shares.get(1)?.publicKey ?? new Uint8Array()
const roundOf = (frame: Uint8Array): number => frame[2] ?? 0

/** Runs with party 3's echoes lost; the highest round that each party sends. */
const withoutEchoOf3 = <T>(sessions: ReadonlyMap<number, Session<T>>): Map<number, number> => {
  const highest = new Map<number, number>()
  run<T>(sessions, (from, _to, frame) => {
    highest.set(from, Math.max(highest.get(from) ?? 0, roundOf(frame)))
    return from === 3 && roundOf(frame) === 2 ? undefined : frame
  })
  return highest
}

describe('no secret-dependent answer without every echo', () => {
  it('in key generation', () => {
    const sessions: ReadonlyMap<number, Session<KeyShare>> = keygenSessions(3, 3)
    expect(withoutEchoOf3(sessions)).toEqual(new Map([...signers.map(self => [self, self === 3 ? 3 : 2] as const)]))
  })

  it('in signing', () => {
    const sessions: ReadonlyMap<number, Session<Signature>> = signSessions({
      shares,
      pairs: dealPairs(signers),
      signers,
    })
    expect(withoutEchoOf3(sessions)).toEqual(new Map([...signers.map(self => [self, self === 3 ? 3 : 2] as const)]))
  })
})

describe('digests at the edges of the scalar field', () => {
  it.each([
    ['zero', 0n],
    ['q - 1', ORDER - 1n],
    ['q', ORDER],
    ['q + 1', ORDER + 1n],
    ['2^256 - 1', 2n ** 256n - 1n],
  ])('%s', (_, value) => {
    const digest = scalarBytes(value)
    const path = [44, 0, 5]
    const { results, failures } = run(signSessions({ shares, pairs: dealPairs(signers), signers, digest, path }))
    expect([...failures.values()]).toEqual([])
    const derived = derivePublicKey(publicKey, shares.get(1)?.chainCode ?? new Uint8Array(), path).publicKey
    for (const { r, s } of results.values()) {
      const options = { prehash: false, lowS: true }
      expect(secp256k1.verify(new Uint8Array([...r, ...s]), digest, derived, options)).toBe(true)
    }
    expect(results.size).toBe(3)
  })
})

describe('a session that was given up after its nonces were opened', () => {
  it('shares no nonce with the next one for the same digest over the same OT state', () => {
    const pairs = dealPairs(signers)
    const digest = random(32)
    const opened: string[] = []
    const first = signSessions({ shares, pairs, signers, digest })
    run(first, (_from, _to, frame) => {
      if (roundOf(frame) === 3) opened.push(Buffer.from(frame.subarray(20, 53)).toString('hex'))
      return roundOf(frame) === 4 ? undefined : frame
    })
    expect(new Set(opened).size).toBe(3)
    for (const session of first.values()) session.abandon()
    const again = new Set<string>()
    const { results } = run(signSessions({ shares, pairs, signers, digest }), (_from, _to, frame) => {
      if (roundOf(frame) === 3) again.add(Buffer.from(frame.subarray(20, 53)).toString('hex'))
      return frame
    })
    expect(results.size).toBe(3)
    for (const point of again) expect(opened).not.toContain(point)
  })
})
