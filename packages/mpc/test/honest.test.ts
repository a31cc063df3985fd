import { inspect } from 'node:util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { HDKey } from '@scure/bip32'
import { describe, expect, it } from 'vitest'
import { decodeKeyShare, derivePublicKey, encodeKeyShare, type KeyShare, keyReport } from '../src/index.ts'
import {
  type Intercept,
  keygen,
  keygenSessions,
  pairSessions,
  pairUp,
  random,
  range,
  run,
  signSessions,
} from './run.ts'

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
    for (const share of shares.values()) {
      const decoded = decodeKeyShare(encodeKeyShare(share))
      expect(decoded).toEqual(share)
      expect(encodeKeyShare(decoded)).toEqual(encodeKeyShare(share))
    }
  })

  it('does not show the secret of a share', () => {
    for (const share of shares.values()) {
      const bytes = encodeKeyShare(share).slice(4, 36)
      const secret = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
      const shown = JSON.stringify(share) + inspect(share, { depth: 9, showHidden: true })
      expect(shown).not.toContain(secret.toString())
      expect(shown).not.toContain([...bytes].join(','))
      expect(Object.keys(share)).not.toContain('secret')
    }
  })
})

describe('Buffers for bytes', () => {
  /** Buffers of the shared pool: their `slice` shares memory and their `buffer` starts elsewhere. */
  const pooled = (n: number): Buffer => Buffer.from(random(n))
  const asBuffers: Intercept = (_from, _to, frame) => Buffer.from(frame)

  it('make no difference', () => {
    const made = run(keygenSessions(3, 2, pooled(32), pooled), asBuffers).results
    const share = decodeKeyShare(Buffer.from(encodeKeyShare(first(made))))
    expect(share).toEqual(first(made))
    const set = run(pairSessions(1, 2, pooled(32), pooled), asBuffers).results
    const [left, right] = [set.get(1), set.get(2)]
    if (left === undefined || right === undefined) throw new Error('pair set-up failed')
    const pairs = new Map([
      [1, new Map([[2, left]])],
      [2, new Map([[1, right]])],
    ])
    const digest = pooled(32)
    const input = { shares: made, pairs, signers: [1, 2], digest, sessionId: pooled(32), source: pooled }
    const signature = run(signSessions(input), asBuffers).results.get(1)
    const bytes = new Uint8Array([...(signature?.r ?? []), ...(signature?.s ?? [])])
    expect(secp256k1.verify(bytes, digest, share.publicKey, { prehash: false })).toBe(true)
  })

  it('of a wrong length from the random source are refused', () => {
    const short = (n: number): Uint8Array => random(n - 1)
    expect(() => keygenSessions(2, 2, random(32), short).get(1)?.start()).toThrow('wrong length')
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
