import { ed25519 } from '@noble/curves/ed25519.js'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../src/bytes.ts'
import {
  type Curve,
  decodeKeyShare,
  derivePublicKey,
  deriveSchnorrKey,
  encodeKeyShare,
  type KeyShare,
} from '../src/index.ts'
import { isConsistent } from '../src/keyshare.ts'
import { frostSessions, keygenOn } from './frost-run.ts'
import { dealPairs, random, range, run, signSessions } from './run.ts'

const CURVES: Curve[] = ['ed25519', 'secp256k1']
const verifierOf = (curve: Curve) => (curve === 'ed25519' ? ed25519 : schnorr)
const never = (): never => {
  throw new Error('unreachable')
}
const shareOf = (shares: ReadonlyMap<number, KeyShare>): KeyShare => shares.get(1) ?? never()

/** All subsets of 1..n with at least t members. */
const signerSets = (parties: number, threshold: number): number[][] =>
  range(2 ** parties - 1)
    .map(mask => range(parties).filter(index => ((mask >> (index - 1)) & 1) === 1))
    .filter(set => set.length >= threshold)

describe.each(CURVES)('FROST on %s', curve => {
  it.each([
    [2, 2],
    [3, 2],
    [3, 3],
    [4, 3],
    [5, 2],
    [5, 5],
  ])('every set of signers of %i parties, threshold %i, signs for one key', (parties, threshold) => {
    const shares = keygenOn(curve, parties, threshold)
    expect(shares.size).toBe(parties)
    expect(isConsistent(shareOf(shares))).toBe(true)
    for (const signers of signerSets(parties, threshold)) {
      const message = random(32)
      const { results, failures } = run(frostSessions({ shares, signers, message, path: [44, 501, signers.length] }))
      expect(failures.size).toBe(0)
      expect(results.size).toBe(signers.length)
      const publicKey = deriveSchnorrKey(shareOf(shares), [44, 501, signers.length])
      for (const result of results.values()) {
        expect(result.publicKey).toEqual(publicKey)
        expect(result).toEqual(results.get(signers[0] ?? 0))
        expect(verifierOf(curve).verify(result.signature, message, publicKey)).toBe(true)
      }
    }
  })

  it('signs along any path, in any order of delivery, with stored shares', () => {
    const shares = new Map(
      [...keygenOn(curve, 3, 2)].map(([index, share]) => [index, decodeKeyShare(encodeKeyShare(share))]),
    )
    fc.assert(
      fc.property(
        fc.array(fc.nat(2 ** 31 - 1), { maxLength: 6 }),
        fc.constantFrom([1, 2], [1, 3], [2, 3], [1, 2, 3]),
        fc.option(fc.constantFrom(new Uint8Array(), new Uint8Array(32).fill(9))),
        fc.infiniteStream(fc.nat()),
        (path, signers, merkleRoot, order) => {
          const taproot = curve === 'secp256k1' && merkleRoot !== null ? { merkleRoot } : undefined
          const message = random(32)
          const sessions = frostSessions({ shares, signers, message, path, ...(taproot && { taproot }) })
          const { results, failures } = run(sessions, undefined, length => (order.next().value ?? 0) % length)
          expect(failures.size).toBe(0)
          const { signature, publicKey } = results.get(signers[0] ?? 0) ?? never()
          expect(publicKey).toEqual(deriveSchnorrKey(shareOf(shares), path, taproot))
          expect(verifierOf(curve).verify(signature, message, publicKey)).toBe(true)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('never says the same twice: not even with a source of randomness that repeats itself', () => {
    const shares = keygenOn(curve, 2, 2)
    const stuck = (n: number): Uint8Array => new Uint8Array(n).fill(3)
    const firstFrames = [1, 2].map(() => {
      const session = frostSessions({ shares, signers: [1, 2], source: stuck }).get(1) ?? never()
      return session.start().out[0]?.frame.slice(20)
    })
    expect(firstFrames[0]).not.toEqual(firstFrames[1])
  })
})

describe('one key under ECDSA and BIP-340', () => {
  it('the shares of one key generation sign both', () => {
    const shares = keygenOn('secp256k1', 3, 2)
    const { publicKey, chainCode } = shareOf(shares)
    const [signers, digest] = [[1, 3], random(32)]
    const ecdsa = run(
      signSessions({ shares, pairs: dealPairs(signers), signers, path: [44, 60, 0, 0], digest }),
    ).results
    const { r, s } = ecdsa.get(1) ?? never()
    const child = derivePublicKey(publicKey, chainCode, [44, 60, 0, 0]).publicKey
    expect(secp256k1.verify(concat(r, s), digest, child, { prehash: false })).toBe(true)
    const path = [86, 0, 0, 0]
    const taproot = { merkleRoot: new Uint8Array() }
    const { results } = run(frostSessions({ shares, signers, path, taproot, message: digest }))
    const { signature, publicKey: outputKey } = results.get(3) ?? never()
    expect(schnorr.verify(signature, digest, outputKey)).toBe(true)
    expect(outputKey).toEqual(deriveSchnorrKey(shareOf(shares), path, taproot))
  })
})

describe('messages', () => {
  const shares = keygenOn('ed25519', 2, 2)
  it.each([0, 1, 1232, 65_536])('of %i bytes are signed with Ed25519', length => {
    const message = random(length)
    const { signature, publicKey } = run(frostSessions({ shares, signers: [1, 2], message })).results.get(1) ?? never()
    expect(ed25519.verify(signature, message, publicKey)).toBe(true)
  })
})
