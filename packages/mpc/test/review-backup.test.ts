import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeBackup, parseBackup } from '../src/backup.ts'
import { secp256k1Group } from '../src/group.ts'
import { hash, indexBytes } from '../src/hash.ts'
import { backupFailure, encryptBackup, keyReport, MpcError, recoverKey, verifyBackup } from '../src/index.ts'
import { isConsistent } from '../src/keyshare.ts'
import { oaepEncrypt, parseRsaPublicKey } from '../src/oaep.ts'
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
const large = new Uint8Array(512).fill(0xff)
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
    ['an exponent that OpenSSL refuses for a larger modulus', spkiOf(large, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1))],
    ['an even modulus', spkiOf(even, common)],
    ['a power of two', spkiOf(power, common)],
  ])('neither makes nor verifies a backup: %s', (_, ersPublicKey) => {
    expect(() => encryptBackup(share, { ersPublicKey, context, random })).toThrow(MpcError)
    const verify = () => verifyBackup(blob, { curve: share.curve, publicShare, ersPublicKey, context })
    expect(verify).toThrow(MpcError)
  })

  it('while a sound one does', () => {
    expect(verifyBackup(blob, { curve: share.curve, publicShare, ersPublicKey: sound, context })).toBe(true)
  })
})

describe('an ERS key in another encoding than DER', () => {
  // Offsets in the SPKI of a 3072-bit key: 30 82 01a2, algorithm (30 0d 06 09 … 05 00), 03 82 018f 00, 30 82 018a, 02 82 0181 00 …
  const at = { algorithm: 4, bitString: 19, key: 24, modulus: 28, exponent: sound.length - 5 }
  const splice = (start: number, remove: number, ...bytes: number[]): Uint8Array =>
    Uint8Array.from([...sound.slice(0, start), ...bytes, ...sound.slice(start + remove)])
  /** Adds to the two-byte lengths at these places. */
  const longer = (spki: Uint8Array, by: number, ...places: number[]): Uint8Array => {
    const out = spki.slice()
    for (const place of places) {
      const length = (out[place] ?? 0) * 256 + (out[place + 1] ?? 0) + by
      out.set([length >> 8, length & 255], place)
    }
    return out
  }

  it('is refused with its own error, however OpenSSL would read it', () => {
    expect([sound[at.bitString], sound[at.key], sound[at.modulus], sound[at.exponent]]).toEqual([3, 0x30, 2, 2])
    const variants: [string, Uint8Array][] = [
      ['a length in a longer form than needed', longer(splice(at.exponent + 1, 1, 0x81, 3), 1, 2, 21, 26)],
      ['an exponent with a leading zero', longer(splice(at.exponent + 1, 1, 4, 0), 1, 2, 21, 26)],
      [
        'a modulus with a second leading zero',
        longer(longer(splice(at.modulus + 4, 0, 0), 1, at.modulus + 2), 1, 2, 21, 26),
      ],
      [
        'no parameters in the algorithm',
        longer(splice(at.algorithm, 15, ...[0x30, 0x0b], ...sound.slice(6, 17)), -2, 2),
      ],
      ['bytes after the exponent', longer(splice(sound.length, 0, 5, 0), 2, 2, 21, 26)],
      ['bytes after the bit string', longer(splice(sound.length, 0, 5, 0), 2, 2)],
      ['bytes after the end', splice(sound.length, 0, 0)],
      ['an indefinite length', splice(1, 3, 0x80, ...sound.slice(4), 0, 0).slice(0, sound.length + 1)],
      ['unused bits in the bit string', splice(at.bitString + 4, 1, 1)],
      ['another algorithm (RSASSA-PSS)', splice(16, 1, 10)],
      ['a truncated key', sound.slice(0, -1)],
      ['nothing', new Uint8Array()],
    ]
    for (const [name, ersPublicKey] of variants) {
      let code: unknown = 'accepted'
      try {
        encryptBackup(share, { ersPublicKey, context, random })
      } catch (error) {
        code = error instanceof MpcError ? error.code : error
      }
      expect([name, code]).toEqual([name, 'ers-key'])
    }
  })
})

describe('a blob that contradicts itself', () => {
  const MODULUS = 384
  const parts = parseBackup(secp256k1Group, blob, MODULUS)
  if (parts === undefined) throw new Error('the sample is no backup')
  const expected = { curve: share.curve, publicShare, ersPublicKey: sound, context }

  it('is refused for a context beyond the limit, whatever is expected', () => {
    const long = new Uint8Array(1025)
    const contextLength = Uint8Array.of(4, 1)
    const bytes = encodeBackup(secp256k1Group, MODULUS, { ...parts, contextLength, context: long })
    expect(backupFailure(bytes, expected)).toBe('B1')
  })

  it('is refused for a public share that is no point, even where that was expected', () => {
    const none = publicShare.map((byte, i) => (i === 0 ? 5 : byte))
    const bytes = encodeBackup(secp256k1Group, MODULUS, { ...parts, publicShare: none })
    expect(backupFailure(bytes, { ...expected, publicShare: none })).toBe('B3')
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
    expect(isConsistent({ ...report, ...changes })).toBe(false)
    expect(() => recoverKey(blobs, pem, { ...report, ...changes })).toThrow()
  })

  it('while the true one gives it', () => {
    expect(recoverKey(blobs, pem, report).privateKey).toHaveLength(32)
  })
})

describe('recovery from a backup in which one instance alone is honest', () => {
  const MODULUS = 384
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const [first, second, third] = [...shares.values()].map(own =>
    encryptBackup(own, { ersPublicKey: sound, context, random }),
  )
  const parts = first && parseBackup(secp256k1Group, first, MODULUS)
  if (parts === undefined || second === undefined || third === undefined) throw new Error('the samples are no backups')
  const rsa = parseRsaPublicKey(sound)
  const statement = hash(
    'backup/statement',
    new TextEncoder().encode('secp256k1'),
    context,
    rsa.fingerprint,
    parts.publicShare,
  )
  const sideOf = (instance: number): number => ((parts.challenge[instance >> 3] ?? 0) >> (instance & 7)) & 1
  /** What the owner of the ERS key can open, under the very label it expects. */
  const sealed = (instance: number, plaintext: Uint8Array): Uint8Array =>
    oaepEncrypt(
      rsa,
      plaintext,
      hash('backup/label', statement, indexBytes([instance, 1 - sideOf(instance)])),
      random(32),
    )
  type Instance = (typeof parts.instances)[number]
  const spoilt: [string, (honest: Instance, instance: number) => Partial<Instance>][] = [
    ['another scalar', (_, instance) => ({ ciphertext: sealed(instance, secp256k1Group.randomScalar(random)) })],
    ['no scalar', (_, instance) => ({ ciphertext: sealed(instance, new Uint8Array(32).fill(255)) })],
    ['too few bytes', (_, instance) => ({ ciphertext: sealed(instance, random(31)) })],
    ['nothing that opens', () => ({ ciphertext: random(MODULUS).with(0, 0) })],
    ['an opened side that is no scalar', () => ({ opened: new Uint8Array(32).fill(255) })],
  ]

  describe.each([0, 1])('whose opened side is %i', side => {
    const honest = parts.instances.findLastIndex((_, instance) => sideOf(instance) === side)
    it.each(spoilt)('and the others hold %s', (_, spoil) => {
      const instances = parts.instances.map((own, instance) =>
        instance === honest ? own : { ...own, ...spoil(own, instance) },
      )
      const blob = encodeBackup(secp256k1Group, MODULUS, { ...parts, instances })
      const { privateKey: rebuilt, refused } = recoverKey([blob, second, third], pem, keyReport(share))
      expect(secp256k1Group.base(rebuilt)).toEqual(share.publicKey)
      expect(refused).toEqual([])
    })
  })

  it('finds nothing where no instance is', () => {
    const instances = parts.instances.map((own, instance) => ({
      ...own,
      ciphertext: sealed(instance, secp256k1Group.randomScalar(random)),
    }))
    const blob = encodeBackup(secp256k1Group, MODULUS, { ...parts, instances })
    expect(() => recoverKey([blob, second, third], pem, keyReport(share))).toThrow(
      `backup 1 (party ${share.self}) cannot be opened`,
    )
  })

  it('says of a backup of another key that it is foreign, and does not count it', () => {
    const [stranger] = keygen(3, 3).values()
    if (stranger === undefined) throw new Error('key generation failed')
    const foreign = encryptBackup(stranger, { ersPublicKey: sound, context, random })
    const { refused } = recoverKey([foreign, first ?? foreign, second, third], pem, keyReport(share))
    expect(refused).toEqual([{ position: 0, code: 'recovery', reason: 'does not belong to this key' }])
    expect(() => recoverKey([foreign, second, third], pem, keyReport(share))).toThrow(
      '2 of 3 necessary different shares; backup 1 does not belong to this key',
    )
  })
})
