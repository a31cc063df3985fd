import { secp256k1 } from '@noble/curves/secp256k1.js'
import { HDKey } from '@scure/bip32'
import { describe, expect, it } from 'vitest'
import { decodeKeyShare, derivePublicKey, encodeKeyShare, type KeyShare, keyReport } from '../src/index.ts'
import { keygen, keygenSessions, pairUp, random, range, run, signSessions } from './run.ts'

const first = (shares: ReadonlyMap<number, KeyShare>): KeyShare => {
  const share = shares.get(1)
  if (share === undefined) throw new Error('key generation failed')
  return share
}

describe.each([
  [2, 2, [1, 2]],
  [3, 2, [1, 3]],
  [3, 3, [1, 2, 3]],
  [5, 3, [2, 3, 5]],
] as const)('%i parties, threshold %i', (parties, threshold, signers) => {
  const shares = keygen(parties, threshold)
  const pairs = pairUp(signers)

  it('agrees on one key report', () => {
    expect(shares.size).toBe(parties)
    for (const share of shares.values()) expect(keyReport(share)).toEqual(keyReport(first(shares)))
  })

  it('signs for master key and derived key, in any delivery order', () => {
    const report = keyReport(first(shares))
    for (const path of [[], [44, 60, 0, 0, 7]]) {
      const digest = random(32)
      const sessions = signSessions({ shares, pairs, signers, path, digest })
      const { results, failures } = run(sessions, undefined, length => Math.floor(Math.random() * length))
      expect([...failures.values()]).toEqual([])
      expect(results.size).toBe(signers.length)
      const { publicKey } = derivePublicKey(report.publicKey, report.chainCode, path)
      const oracle = new HDKey({ publicKey: report.publicKey, chainCode: report.chainCode })
      const child = path.reduce((key, index) => key.deriveChild(index), oracle)
      expect(publicKey).toEqual(child.publicKey)
      const signatures = [...results.values()]
      for (const { r, s, recovery } of signatures) {
        expect({ r, s, recovery }).toEqual(signatures[0])
        const bytes = new Uint8Array([...r, ...s])
        expect(secp256k1.verify(bytes, digest, publicKey, { prehash: false, lowS: true })).toBe(true)
        const recovered = secp256k1.Signature.fromBytes(bytes).addRecoveryBit(recovery).recoverPublicKey(digest)
        expect(recovered.toBytes(true)).toEqual(publicKey)
      }
    }
  })

  it('round-trips key shares', () => {
    for (const share of shares.values()) expect(decodeKeyShare(encodeKeyShare(share))).toEqual(share)
  })
})

describe('key generation', () => {
  it('gives every run its own key', () => {
    expect(first(keygen(2, 2)).publicKey).not.toEqual(first(keygen(2, 2)).publicKey)
  })

  it('holds early frames of later rounds until their turn', () => {
    const { results } = run(keygenSessions(5, 3), undefined, length => length - 1)
    expect([...results.keys()].toSorted()).toEqual(range(5))
  })
})
