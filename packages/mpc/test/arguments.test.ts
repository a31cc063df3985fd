import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concat } from '../src/bytes.ts'
import { curve, nobleBackend, recoverPublicKey } from '../src/curve.ts'
import { ed25519Group, secp256k1Group } from '../src/group.ts'
import {
  createKeygen,
  createPairSetup,
  createSigning,
  decodeKeyShare,
  deriveEd25519PublicKey,
  encodeKeyShare,
  keyReport,
  MpcError,
  type MpcErrorCode,
  type SigningOptions,
} from '../src/index.ts'
import { isConsistent } from '../src/keyshare.ts'
import { parseRsaPublicKey } from '../src/oaep.ts'
import { invert, lagrange, mod, scalarBytes } from '../src/scalar.ts'
import { never } from './cheats.ts'
import { keygenOn } from './frost-run.ts'
import { dealPairs, random } from './run.ts'

/** One wrong thing at a time, refused by the condition that is about it: the message says which. */
const refused = (action: () => unknown, code: MpcErrorCode, message: RegExp): void => {
  let error: unknown
  try {
    action()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(MpcError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
}

const sessionId = random(32)

describe('arguments of key generation', () => {
  const sound = { self: 1, parties: 3, threshold: 2, sessionId, random }
  it.each([
    ['half a party', { parties: 2.5 }],
    ['six parties', { parties: 6 }],
    ['a threshold of one', { threshold: 1 }],
    ['half a threshold', { threshold: 2.5 }],
    ['a threshold above the parties', { threshold: 4 }],
    ['half an index', { self: 1.5 }],
    ['index 0', { self: 0 }],
    ['an index above the parties', { self: 4 }],
  ])('%s', (_what, changes) => {
    refused(() => createKeygen({ ...sound, ...changes }), 'invalid-argument', /^keygen needs/)
  })
  it('a session id of 31 bytes', () => {
    refused(() => createKeygen({ ...sound, sessionId: random(31) }), 'invalid-argument', /session id/)
  })
})

describe('arguments of pair set-up', () => {
  it.each([
    ['index 0', { self: 0 }],
    ['index 256', { self: 256 }],
    ['half an index', { self: 1.5 }],
    ['a peer of index 0', { peer: 0 }],
    ['itself as its peer', { self: 2 }],
    ['a session id of 33 bytes', { sessionId: random(33) }],
  ])('%s', (_what, changes) => {
    const options = { self: 1, peer: 2, sessionId, random, ...changes }
    refused(() => createPairSetup(options), 'invalid-argument', /^pair set-up needs/)
  })

  it('may be the last index that a frame can carry', () => {
    expect(() => createPairSetup({ self: 255, peer: 254, sessionId, random })).not.toThrow()
  })
})

describe('arguments of signing', () => {
  const shares = keygenOn('secp256k1', 3, 2)
  const edwards = keygenOn('ed25519', 3, 2)
  const share = shares.get(1) ?? never()
  const pairs = dealPairs([1, 2, 3])
  const own = pairs.get(1) ?? never()
  const pair = (self: number, peer: number) => pairs.get(self)?.get(peer) ?? never()
  const sound: SigningOptions = {
    ...{ self: 1, signers: [1, 2], share, pairs: own, path: [], digest: random(32), sessionId, random },
  }
  it.each<[string, RegExp, Partial<SigningOptions>]>([
    ['half an index among the signers', /ascending/, { signers: [1, 2.5] }],
    ['signers out of order', /ascending/, { signers: [2, 1] }],
    ['a signer twice', /ascending/, { signers: [1, 1] }],
    ['a signer above the parties', /ascending/, { signers: [1, 4] }],
    ['a third signer above the parties', /ascending/, { signers: [1, 2, 4] }],
    ['too few signers', /threshold/, { signers: [1] }],
    ['another’s share', /not this signer/, { share: shares.get(2) ?? never() }],
    ['a signer that does not sign', /not this signer/, { signers: [2, 3] }],
    ['a share on another curve', /another curve/, { share: edwards.get(1) ?? never() }],
    ['a digest of 31 bytes', /32 bytes/, { digest: random(31) }],
    ['a session id of 31 bytes', /32 bytes/, { sessionId: random(31) }],
    ['no pair state', /no pair state/, { pairs: new Map() }],
    [
      'an object that only looks like a pair state',
      /no pair state/,
      { pairs: new Map([[2, { ...pair(1, 2), usable: true, destroy: () => undefined }]]) },
    ],
    ['another party’s pair state', /no pair state/, { pairs: new Map([[2, pair(3, 2)]]) }],
    ['the pair state with another peer', /no pair state/, { pairs: new Map([[2, pair(1, 3)]]) }],
  ])('%s', (_what, message, changes) => {
    refused(() => createSigning({ ...sound, ...changes }), 'invalid-argument', message)
  })

  it('a pair state that is gone, a session id that was used, and an epoch that is used up', () => {
    const state = dealPairs([1, 2]).get(1)?.get(2) ?? never()
    const options = { ...sound, pairs: new Map([[2, state]]) }
    state.claim(sessionId)
    refused(() => createSigning(options), 'session-reused', /already used/)
    const id = new Uint8Array(32)
    const numbers = new DataView(id.buffer)
    for (let i = 1; i < 2 ** 20; i++) {
      numbers.setUint32(0, i)
      state.claim(id)
    }
    expect(state.usable).toBe(false)
    expect(state.erased).toBe(false)
    refused(() => state.claim(random(32)), 'pair-destroyed', /used up/)
    state.destroy()
    state.destroy()
    expect(state.erased).toBe(true)
    refused(() => createSigning(options), 'pair-destroyed', /is gone$/)
  })
})

describe('public values', () => {
  const report = keyReport(keygenOn('secp256k1', 3, 2).get(1) ?? never())

  it('a report with more public shares than parties is not consistent', () => {
    expect(isConsistent(report)).toBe(true)
    expect(isConsistent({ ...report, publicShares: [...report.publicShares, report.publicKey] })).toBe(false)
  })

  it('a report with a share that is no point is not consistent, though the others make up for it', () => {
    const alone = (index: number, window: readonly number[]): Uint8Array =>
      curve.multiplyPublic(report.publicKey, scalarBytes(invert(mod(lagrange(index, window)))))
    const publicShares = [alone(1, [1, 2]), new Uint8Array(33), alone(3, [2, 3])]
    expect(publicShares.map(secp256k1Group.isPoint)).toEqual([true, false, true])
    expect(isConsistent({ ...report, publicShares })).toBe(false)
  })

  it('a key share whose secret is written with the order added is malformed', () => {
    const bytes = encodeKeyShare(keygenOn('ed25519', 2, 2).get(1) ?? never())
    const order = ed25519Group.order
    const secret = bytes.slice(4, 36).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n) + order
    const again = bytes.slice()
    for (let i = 0; i < 32; i++) again[4 + i] = Number((secret >> BigInt(8 * i)) & 255n)
    refused(() => decodeKeyShare(again), 'malformed', /not a key share/)
  })

  it('a public key is recovered from nothing but 64 and 32 bytes', () => {
    const [signature, digest] = [new Uint8Array(64).fill(1), new Uint8Array(32).fill(2)]
    expect([0, 1].map(parity => recoverPublicKey(signature, parity as 0 | 1, digest)?.length)).toContain(65)
    for (const parity of [0, 1] as const) {
      expect(recoverPublicKey(concat(signature, new Uint8Array(1)), parity, digest)).toBeUndefined()
      expect(recoverPublicKey(signature, parity, concat(digest, new Uint8Array(1)))).toBeUndefined()
    }
  })

  it('a signature of 65 bytes is none in the fallback either', () => {
    expect(nobleBackend.verify(new Uint8Array(65).fill(1), new Uint8Array(32), report.publicKey)).toBe(false)
  })

  it('an Ed25519 key is derived from a point and a chain code of 32 bytes only', () => {
    const { publicKey } = keygenOn('ed25519', 2, 2).get(1) ?? never()
    const code = random(32)
    expect(deriveEd25519PublicKey(publicKey, code, [1]).publicKey).toHaveLength(32)
    const none = new Uint8Array(32).fill(255)
    for (const [key, chainCode] of [
      [none, code],
      [publicKey, random(31)],
      [publicKey, random(33)],
    ] as const) {
      expect(() => deriveEd25519PublicKey(key, chainCode, [])).toThrow(MpcError)
    }
  })
})

describe('ERS keys, each refused for what is wrong with it', () => {
  const spkiOf = (modulus: Uint8Array, exponent: number[]): Uint8Array => {
    const part = (bytes: Iterable<number>) => Buffer.from([...bytes]).toString('base64url')
    const key = createPublicKey({ key: { kty: 'RSA', n: part(modulus), e: part(exponent) }, format: 'jwk' })
    return new Uint8Array(key.export({ format: 'der', type: 'spki' }))
  }
  const odd = (length: number, first = 255): Uint8Array => new Uint8Array(length).fill(255).fill(first, 0, 1)

  it.each<[string, RegExp, Uint8Array, number[]]>([
    ['8,200 bits', /must have 3072 to 8192 bits/, odd(1025), [1, 0, 1]],
    ['3,080 bits less seven', /a multiple of 8/, odd(385, 1), [1, 0, 1]],
    ['an even exponent above 65,537', /exponent must be odd/, odd(384), [1, 0, 2]],
  ])('%s', (_what, message, modulus, exponent) => {
    const spki = spkiOf(modulus, exponent)
    refused(() => parseRsaPublicKey(spki), 'ers-key', message)
  })

  it('a key for RSASSA-PSS, and one on a curve', () => {
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 3072 }).publicKey
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    for (const key of [pss, ec]) {
      const spki = new Uint8Array(key.export({ format: 'der', type: 'spki' }))
      refused(() => parseRsaPublicKey(spki), 'ers-key', /not an RSA key/)
    }
  })
})
