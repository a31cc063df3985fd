import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { concat } from '../src/bytes.ts'
import { derivePublicKey, keyReport } from '../src/index.ts'
import { isConsistent } from '../src/keyshare.ts'
import { never } from './cheats.ts'
import { dealPairs, keygen, random, range, run, signSessions } from './run.ts'

/** All subsets of 1..parties with at least `threshold` members; of five parties those of exactly `threshold`. */
const quorums = (parties: number, threshold: number): number[][] =>
  range(2 ** parties - 1)
    .map(mask => range(parties).filter(index => (mask >> (index - 1)) & 1))
    .filter(subset => subset.length === threshold || (parties < 5 && subset.length > threshold))

const all = range(5).flatMap(parties => range(parties).map(threshold => [parties, threshold] as const))

describe.each(all.filter(([parties, threshold]) => parties >= 2 && threshold >= 2))(
  '%i parties, threshold %i',
  (parties, threshold) => {
    const shares = keygen(parties, threshold)
    const report = keyReport(shares.get(1) ?? never())
    const path = [44, 60, 3, 1]
    const { publicKey } = derivePublicKey(report.publicKey, report.chainCode, path)

    it('has one consistent report', () => {
      expect(shares.size).toBe(parties)
      for (const share of shares.values()) expect(keyReport(share)).toEqual(report)
      expect(isConsistent(report)).toBe(true)
      if (threshold < parties) expect(isConsistent({ ...report, threshold: threshold - 1 })).toBe(false)
    })

    it.each(quorums(parties, threshold).map(signers => ({ signers })))('signs by $signers', ({ signers }) => {
      const digest = random(32)
      const { results, failures } = run(signSessions({ shares, pairs: dealPairs(signers), signers, path, digest }))
      expect([...failures.values()]).toEqual([])
      expect([...results.keys()].toSorted()).toEqual(signers)
      for (const { r, s } of results.values())
        expect(secp256k1.verify(concat(r, s), digest, publicKey, { prehash: false, lowS: true })).toBe(true)
    })

    it('refuses fewer signers', () => {
      const signers = range(threshold - 1)
      expect(() => signSessions({ shares, pairs: dealPairs(range(parties)), signers })).toThrow('threshold')
    })
  },
)
