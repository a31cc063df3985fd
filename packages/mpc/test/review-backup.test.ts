import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encryptBackup, keyReport, recoverKey, verifyBackup } from '../src/index.ts'
import { keygen, random } from './run.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
const modulus = Buffer.from(String(publicKey.export({ format: 'jwk' }).n), 'base64url')
const spkiOf = (n: Uint8Array, e: Uint8Array): Uint8Array => {
  const part = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const key = createPublicKey({ key: { kty: 'RSA', n: part(n), e: part(e) }, format: 'jwk' })
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }))
}
const common = Uint8Array.of(1, 0, 1)
const even = new Uint8Array(modulus)
even[even.length - 1] = (even.at(-1) ?? 0) & 0xfe
const power = new Uint8Array(384)
power[0] = 0x80

const shares = keygen(3, 3)
const [share] = shares.values()
if (share === undefined) throw new Error('key generation failed')
const context = new Uint8Array(8)
const publicShare = share.publicShares[share.self - 1] ?? new Uint8Array()
const sound = spkiOf(modulus, common)
const blob = encryptBackup(share, { ersPublicKey: sound, context, random })

describe('an ERS key that is no sound RSA key', () => {
  it.each([
    ['exponent 1', spkiOf(modulus, Uint8Array.of(1))],
    ['exponent 3', spkiOf(modulus, Uint8Array.of(3))],
    ['an even exponent', spkiOf(modulus, Uint8Array.of(1, 0, 0))],
    ['an exponent as long as the modulus', spkiOf(modulus, modulus)],
    ['an even modulus', spkiOf(even, common)],
    ['a power of two', spkiOf(power, common)],
  ])('neither makes nor verifies a backup: %s', (_, ersPublicKey) => {
    expect(() => encryptBackup(share, { ersPublicKey, context, random })).toThrow()
    const verify = () => verifyBackup(blob, { publicShare, ersPublicKey, context })
    let verified = false
    try {
      verified = verify()
    } catch {
      // Refused outright.
    }
    expect(verified).toBe(false)
  })

  it('while a sound one does', () => {
    expect(verifyBackup(blob, { publicShare, ersPublicKey: sound, context })).toBe(true)
  })
})

describe('recovery with a report of nonsense parameters', () => {
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const blobs = [...shares.values()].map(own => encryptBackup(own, { ersPublicKey: sound, context, random }))
  const report = keyReport(share)

  it.each([
    ['threshold above the parties', { threshold: 4 }],
    ['threshold 1', { threshold: 1 }],
    ['threshold 0', { threshold: 0 }],
    ['fewer parties than shares', { parties: 2, threshold: 2 }],
    ['a lower threshold than was dealt', { threshold: 2 }],
  ])('gives no key: %s', (_, changes) => {
    expect(() => recoverKey(blobs, pem, { ...report, ...changes })).toThrow()
  })

  it('while the true one gives it', () => {
    expect(recoverKey(blobs, pem, report).privateKey).toHaveLength(32)
  })
})
