import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupOf } from '../src/group.ts'
import { backupFailure, type Curve, encryptBackup, keyReport, recoverKey, verifyBackup } from '../src/index.ts'
import { KeyShare } from '../src/keyshare.ts'
import { oaepEncrypt, parseRsaPublicKey } from '../src/oaep.ts'
import { codeOf } from './code-of.ts'
import { keygenOn } from './frost-run.ts'
import { random } from './run.ts'

const ersKey = (bits: number) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  return {
    spki: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })),
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

const ers = ersKey(3072)

const publicKeyOf = (curve: Curve, privateKey: Uint8Array): Uint8Array =>
  curve === 'secp256k1'
    ? secp256k1.getPublicKey(privateKey, true)
    : ed25519.Point.BASE.multiply(BigInt(`0x${Buffer.from(privateKey.toReversed()).toString('hex')}`)).toBytes()

describe('OAEP with an explicit seed', () => {
  it.each([0, 1, 32, 318])('is what Node decrypts (%i bytes)', length => {
    const message = random(length)
    const label = random(20)
    const ciphertext = oaepEncrypt(parseRsaPublicKey(ers.spki), message, label, random(32))
    const options = {
      key: ers.pem,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
      oaepLabel: Buffer.from(label),
    }
    expect(new Uint8Array(privateDecrypt(options, ciphertext))).toEqual(message)
  })
})

describe('ERS key', () => {
  it('rejects 2048 bits, other algorithms, trailing bytes and garbage', () => {
    const small = ersKey(2048).spki
    const ec = new Uint8Array(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' }),
    )
    for (const spki of [small, ec, new Uint8Array([...ers.spki, 0]), new Uint8Array(10)]) {
      const [share] = keygenOn('ed25519', 2, 2).values()
      const make = () => share && encryptBackup(share, { ersPublicKey: spki, context: new Uint8Array(), random })
      expect(codeOf(make)).toBe('ers-key')
    }
  })
})

describe.each<Curve>(['secp256k1', 'ed25519'])('on %s', curve => {
  const shares = keygenOn(curve, 3, 2)
  const shareOf = (index: number): KeyShare => {
    const share = shares.get(index)
    if (share === undefined) throw new Error('key generation failed')
    return share
  }
  const report = keyReport(shareOf(1))
  const contextOf = (index: number): Uint8Array => new TextEncoder().encode(`vault/key/${index}`)
  const publicShareOf = (index: number): Uint8Array => report.publicShares[index - 1] ?? new Uint8Array()
  const backup = (index: number, share = shareOf(index), spki = ers.spki): Uint8Array =>
    encryptBackup(share, { ersPublicKey: spki, context: contextOf(index), random })
  const expected = (index: number) => ({
    curve,
    publicShare: publicShareOf(index),
    ersPublicKey: ers.spki,
    context: contextOf(index),
  })
  const blobs = [1, 2, 3].map(index => backup(index))
  const [blob1 = new Uint8Array(), blob2 = new Uint8Array(), blob3 = new Uint8Array()] = blobs

  describe('a share backup', () => {
    it('verifies, within size and time', () => {
      const before = performance.now()
      for (const [i, blob] of blobs.entries()) expect(backupFailure(blob, expected(i + 1))).toBeUndefined()
      expect((performance.now() - before) / 3).toBeLessThan(2000)
      expect(blob1.length).toBeLessThan(300_000)
    })

    it.each([[[0, 1]], [[2, 0]], [[0, 1, 2]]])('recovers the key from blobs %j', positions => {
      const chosen = positions.map(position => blobs[position] ?? new Uint8Array())
      const { privateKey, chainCode } = recoverKey(chosen, ers.pem, report)
      expect(publicKeyOf(curve, privateKey)).toEqual(report.publicKey)
      expect(chainCode).toEqual(report.chainCode)
    })

    it('works with RSA-4096', () => {
      const large = ersKey(4096)
      const made = [1, 2].map(index => backup(index, shareOf(index), large.spki))
      expect(verifyBackup(made[0] ?? new Uint8Array(), { ...expected(1), ersPublicKey: large.spki })).toBe(true)
      expect(publicKeyOf(curve, recoverKey(made, large.pem, report).privateKey)).toEqual(report.publicKey)
    })

    it('rejects a backup of another share, honestly made', () => {
      const wrong = new KeyShare(
        1,
        groupOf(curve).add(KeyShare.secretOf(shareOf(1)), groupOf(curve).scalarOf(1)),
        report,
      )
      expect(backupFailure(backup(1, wrong), expected(1))).toBe('B5')
      expect(backupFailure(backup(2), { ...expected(1), context: contextOf(2) })).toBe('B3')
    })

    it('rejects another context and another ERS key', () => {
      expect(backupFailure(blob1, { ...expected(1), context: contextOf(2) })).toBe('B2')
      expect(backupFailure(blob1, { ...expected(1), ersPublicKey: ersKey(3072).spki })).toBe('B2')
      const relabelled = blob1.slice()
      relabelled.set(contextOf(2), 3)
      expect(backupFailure(relabelled, { ...expected(1), context: contextOf(2) })).toBe('B5')
    })

    it('rejects a truncated, padded or emptied blob', () => {
      for (const bad of [blob1.slice(0, -1), new Uint8Array([...blob1, 0]), new Uint8Array(), new Uint8Array(3)]) {
        expect(backupFailure(bad, expected(1))).toBe('B1')
      }
    })

    it('rejects a non-canonical or zero opened scalar', () => {
      const start = 3 + contextOf(1).length + 32 + groupOf(curve).pointLength + 16
      for (const value of [0xff, 0]) {
        const bad = blob1.slice()
        bad.fill(value, start, start + 32)
        // Zero is fine only as r + x, which then gives the wrong challenge.
        expect(backupFailure(bad, expected(1))).toBe('B4')
      }
    })

    it('rejects any changed byte', () => {
      fc.assert(
        fc.property(fc.nat(blob1.length - 1), fc.integer({ min: 1, max: 255 }), (position, flip) => {
          const bad = blob1.slice()
          bad[position] = (bad[position] ?? 0) ^ flip
          expect(verifyBackup(bad, expected(1))).toBe(false)
        }),
        { numRuns: 30 },
      )
    })
  })

  describe('recovery with bad backups among good ones', () => {
    const damaged = blob2.slice()
    damaged.fill(1, 200)

    it('gives the key and says which were bad and why', () => {
      const { privateKey, refused } = recoverKey([damaged, blob1, blob1.slice(1), blob3], ers.pem, report)
      expect(groupOf(curve).base(privateKey)).toEqual(report.publicKey)
      expect(refused).toEqual([
        { position: 0, party: 2, code: 'recovery', reason: 'cannot be opened' },
        { position: 2, code: 'malformed', reason: expect.stringContaining('not a backup') },
      ])
      expect(recoverKey(blobs, ers.pem, report).refused).toEqual([])
    })

    it('names them when too few are left', () => {
      expect(() => recoverKey([blob1, damaged], ers.pem, report)).toThrow(
        '1 of 2 necessary different shares; backup 2 (party 2) cannot be opened',
      )
    })

    it('takes a good backup of a party after a bad one of it', () => {
      expect(recoverKey([damaged, blob1, blob2], ers.pem, report).refused).toHaveLength(1)
    })
  })

  describe('recovery refuses', () => {
    it('too few, repeated, foreign and damaged backups', () => {
      expect(codeOf(() => recoverKey([blob1], ers.pem, report))).toBe('recovery')
      expect(codeOf(() => recoverKey([blob1, blob1], ers.pem, report))).toBe('recovery')
      expect(codeOf(() => recoverKey([blob1, blob2], ersKey(3072).pem, report))).toBe('ers-key')
      expect(codeOf(() => recoverKey([blob1, blob2], 'nonsense', report))).toBe('ers-key')
      expect(codeOf(() => recoverKey([blob1, blob3.slice(1)], ers.pem, report))).toBe('malformed')
      const other = [...keygenOn(curve, 3, 2).values()][0]
      expect(codeOf(() => recoverKey([blob1, blob2], ers.pem, other ? keyReport(other) : report))).toBe('recovery')
      const damaged = blob2.slice()
      damaged.fill(1, 200)
      expect(codeOf(() => recoverKey([blob1, damaged], ers.pem, report))).toBe('recovery')
    })

    it('a report whose shares do not fit its key', () => {
      const publicShares = [...report.publicShares.slice(0, 2), report.publicShares[0] ?? new Uint8Array()]
      expect(codeOf(() => recoverKey([blob1, blob2], ers.pem, { ...report, publicShares }))).toBe('malformed')
    })

    it('still succeeds when one honest instance is left', () => {
      const damaged = blob2.slice()
      const start = 3 + contextOf(2).length + 32 + groupOf(curve).pointLength + 16
      damaged.fill(1, start + 64 + 384)
      expect(publicKeyOf(curve, recoverKey([blob1, damaged], ers.pem, report).privateKey)).toEqual(report.publicKey)
    })
  })

  it('of a context longer than 1,024 bytes is neither made nor verified', () => {
    const make = (length: number) =>
      encryptBackup(shareOf(1), { ersPublicKey: ers.spki, context: new Uint8Array(length), random })
    expect(backupFailure(make(1024), { ...expected(1), context: new Uint8Array(1024) })).toBeUndefined()
    expect(codeOf(() => make(1025))).toBe('invalid-argument')
    expect(codeOf(() => verifyBackup(blob1, { ...expected(1), context: new Uint8Array(1025) }))).toBe(
      'invalid-argument',
    )
  })

  it('of another format is refused', () => {
    for (const format of [0, 1, 2, 3].filter(value => value !== blob1[0])) {
      expect(backupFailure(blob1.with(0, format), expected(1))).toBe('B1')
      expect(codeOf(() => recoverKey([blob1.with(0, format), blob2], ers.pem, report))).toBe('malformed')
    }
  })

  it('of the other curve is refused', () => {
    const other = keygenOn(curve === 'ed25519' ? 'secp256k1' : 'ed25519', 3, 2).get(1)
    if (other === undefined) throw new Error('key generation failed')
    const foreign = backup(1, other)
    expect(backupFailure(foreign, expected(1))).toBe('B1')
    const disguised = foreign.with(0, blob1[0] ?? 0)
    expect(verifyBackup(disguised, expected(1))).toBe(false)
    expect(codeOf(() => recoverKey([foreign, blob2], ers.pem, report))).toBe('malformed')
  })
})
