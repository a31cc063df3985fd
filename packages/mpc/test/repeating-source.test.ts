import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ed25519Group, type Group, secp256k1Group } from '../src/group.ts'
import { createPairSetup, encryptBackup } from '../src/index.ts'
import { KeyShare } from '../src/keyshare.ts'
import { prove } from '../src/schnorr.ts'
import { HEADER, never, roundOf } from './cheats.ts'
import { dealPairs, keygen, random, run, seeded, signSessions } from './run.ts'

const POINT = 33
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
/** A machine that was set back draws the same bytes again. */
const setBack = () => seeded('set back')

describe('a source that is set back and repeats itself gives another session nothing to compare', () => {
  const shares = keygen(2, 2)

  it('no nonce in ECDSA', () => {
    const noncePoints = [random(32), random(32)].map(digest => {
      const common = { shares, pairs: dealPairs([1, 2]), signers: [1, 2], digest, sessionId: random(32) }
      const opened: string[] = []
      const copy = signSessions({ ...common, source: setBack(), only: [1] })
      const { results } = run(new Map([...copy, ...signSessions({ ...common, only: [2] })]), (from, _to, frame) => {
        if (from === 1 && roundOf(frame) === 3) opened.push(toHex(frame.subarray(HEADER, HEADER + POINT)))
        return frame
      })
      expect(results.size).toBe(2)
      return opened[0] ?? never()
    })
    expect(noncePoints[0]).not.toBe(noncePoints[1])
  })

  it('no request of a base OT, whose unchosen half would stay the same', () => {
    const [first, second] = [random(32), random(32)].map(sessionId => {
      const [frame] = createPairSetup({ self: 1, peer: 2, sessionId, random: setBack() }).start().out
      const body = frame?.frame.slice(HEADER, HEADER + 256 * POINT) ?? never()
      return Array.from({ length: 256 }, (_, i) => toHex(body.slice(i * POINT, (i + 1) * POINT)))
    })
    expect(first?.filter(point => second?.includes(point))).toEqual([])
  })

  it.each<Group>([secp256k1Group, ed25519Group])('no nonce of a proof on $name', group => {
    const secret = group.randomScalar(random)
    const point = group.base(secret) ?? never()
    const nonces = [random(32), random(32)].map(context =>
      toHex(prove(group, secret, point, context, setBack()).slice(0, group.pointLength)),
    )
    expect(nonces[0]).not.toBe(nonces[1])
  })

  it('no two openings of a backup that differ by the share', () => {
    const share = shares.get(1) ?? never()
    const spki = generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey.export({ format: 'der', type: 'spki' })
    const opened = [1, 2].map(context => {
      const options = { ersPublicKey: new Uint8Array(spki), context: Uint8Array.of(context), random: setBack() }
      const blob = encryptBackup(share, options)
      const rows = blob.slice(3 + 1 + 32 + POINT + 16)
      return Array.from({ length: 128 }, (_, i) => rows.slice(i * (64 + 384), i * (64 + 384) + 32))
    })
    const differences = opened[0]?.flatMap((a, i) => {
      const b = opened[1]?.[i] ?? never()
      return [secp256k1Group.subtract(a, b), secp256k1Group.subtract(b, a)].map(toHex)
    })
    expect(differences).not.toContain(toHex(KeyShare.secretOf(share)))
  })
})
