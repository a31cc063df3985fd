import { createECDH, createHash, createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { concat, fromHex, toHex } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { adminKeyOfSpki, adminSignatureOfDer, adminSignerOf, isAdminKey, isSignedByAdmin } from './admin-key.ts'

const { n, p } = p256.Point.CURVE()
const scalar = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0'))
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`)
const message = new TextEncoder().encode('what an admin says')
const digest = new Uint8Array(createHash('sha256').update(message).digest())
// OpenSSL's key and signatures, as KMS would give them.
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spki = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }))
const adminKey = adminKeyOfSpki(spki)
const derOf = (): Uint8Array => new Uint8Array(sign('sha256', message, pair.privateKey))
const signature = adminSignatureOfDer(derOf())
const [r, s] = [numberOf(signature.slice(0, 32)), numberOf(signature.slice(32))]

describe('the admin key', () => {
  it('is the compressed point of a public key as KMS and PEM files hold it', () => {
    const ecdh = createECDH('prime256v1')
    const { d = '' } = pair.privateKey.export({ format: 'jwk' })
    ecdh.setPrivateKey(Buffer.from(d, 'base64url'))
    expect(toHex(adminKey)).toBe(ecdh.getPublicKey('hex', 'compressed'))
    expect(toHex(adminSignerOf(new Uint8Array(Buffer.from(d, 'base64url'))).adminKey)).toBe(toHex(adminKey))
  })

  it('is nothing else: other curves, forms, lengths, points that are not there', () => {
    const other = (namedCurve: string) =>
      new Uint8Array(generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'der' }))
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' })
    const bad = [
      ...[other('secp256k1'), other('P-384'), new Uint8Array(rsa), new Uint8Array(0)],
      ...[spki.slice(0, -1), concat(spki, new Uint8Array(1)), spki.with(90, (spki[90] ?? 0) ^ 1), spki.with(26, 6)],
    ]
    for (const key of bad) expect(() => adminKeyOfSpki(key)).toThrow('not a public key on P-256')
    const identity = [
      Uint8Array.of(0),
      new Uint8Array(33),
      new Uint8Array(65),
      concat(Uint8Array.of(2), new Uint8Array(32)),
    ]
    // x = 0 is on P-256, so it is a point; what has no point: x = p, x above it, and about every second x.
    expect(identity.map(isAdminKey)).toEqual([false, false, false, true])
    for (const x of [p, p + 1n, 2n ** 256n - 1n]) expect(isAdminKey(concat(Uint8Array.of(2), scalar(x)))).toBe(false)
    for (const first of [0, 1, 4, 5, 6, 7]) expect(isAdminKey(adminKey.with(0, first))).toBe(false)
    for (const key of [adminKey.slice(1), adminKey.slice(0, 32), concat(adminKey, new Uint8Array(1))])
      expect(isAdminKey(key)).toBe(false)
  })

  it('has no private key 0, n, or of another length', () => {
    for (const key of [scalar(0n), scalar(n), scalar(n - 1n).slice(1), new Uint8Array(33), new Uint8Array(0)])
      expect(() => adminSignerOf(key)).toThrow('not a private key')
    expect(adminSignerOf(scalar(n - 1n)).adminKey.length).toBe(33)
  })
})

describe('a signature of the admin', () => {
  it('counts as OpenSSL makes it, and OpenSSL takes ours', async () => {
    for (let i = 0; i < 20; i++) {
      const low = adminSignatureOfDer(derOf())
      expect(isSignedByAdmin(adminKey, digest, low)).toBe(true)
      expect(numberOf(low.slice(32)) <= n / 2n).toBe(true)
    }
    const { d = '' } = pair.privateKey.export({ format: 'jwk' })
    const own = await adminSignerOf(new Uint8Array(Buffer.from(d, 'base64url'))).sign(digest)
    expect(isSignedByAdmin(adminKey, digest, own)).toBe(true)
    expect(verify('sha256', message, { key: pair.publicKey, dsaEncoding: 'ieee-p1363' }, own)).toBe(true)
  })

  it('does not count with the high s, which OpenSSL takes as well', () => {
    const high = concat(scalar(r), scalar(n - s))
    expect(verify('sha256', message, { key: pair.publicKey, dsaEncoding: 'ieee-p1363' }, high)).toBe(true)
    expect(isSignedByAdmin(adminKey, digest, high)).toBe(false)
  })

  it('does not count with r or s of 0, n, or beyond it', () => {
    for (const value of [0n, n, n + 1n, 2n ** 256n - 1n]) {
      expect(isSignedByAdmin(adminKey, digest, concat(scalar(value), scalar(s)))).toBe(false)
      expect(isSignedByAdmin(adminKey, digest, concat(scalar(r), scalar(value)))).toBe(false)
    }
    if (r + n < 2n ** 256n) expect(isSignedByAdmin(adminKey, digest, concat(scalar(r + n), scalar(s)))).toBe(false)
    expect(isSignedByAdmin(adminKey, digest, new Uint8Array(64))).toBe(false)
  })

  it('does not count with any bit of a byte changed, in another form, or for something else', () => {
    for (let at = 0; at < 64; at++)
      expect(isSignedByAdmin(adminKey, digest, signature.with(at, (signature[at] ?? 0) ^ 0x10))).toBe(false)
    const forms = [signature.slice(0, 63), concat(signature, new Uint8Array(1)), derOf(), new Uint8Array(0)]
    for (const form of forms) expect(isSignedByAdmin(adminKey, digest, form)).toBe(false)
    expect(isSignedByAdmin(adminKey, digest.with(0, (digest[0] ?? 0) ^ 1), signature)).toBe(false)
    for (const other of [digest.slice(1), concat(digest, new Uint8Array(1)), message])
      expect(isSignedByAdmin(adminKey, other, signature)).toBe(false)
  })

  it('does not count under another key, or one that is none', () => {
    const other = adminKeyOfSpki(
      new Uint8Array(
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }),
      ),
    )
    const negated = adminKey.with(0, adminKey[0] === 2 ? 3 : 2)
    for (const key of [other, negated, new Uint8Array(33), Uint8Array.of(0), adminKey.slice(1), spki.slice(26)])
      expect(isSignedByAdmin(key, digest, signature)).toBe(false)
  })

  it('is read from strict DER only', () => {
    const der = derOf()
    const bad = [
      ...[der.slice(1), der.slice(0, -1), concat(der, new Uint8Array(1)), signature, new Uint8Array(0)],
      ...[fromHex('3006020100020100'), fromHex('3006020180020101'), fromHex('300702020001020101')],
    ]
    for (const form of bad) expect(() => adminSignatureOfDer(form)).toThrow('not an ECDSA signature in DER')
  })
})

it('the private key in a PEM file of OpenSSL is what signs', async () => {
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const { d = '' } = createPrivateKey(pem).export({ format: 'jwk' })
  const signer = adminSignerOf(new Uint8Array(Buffer.from(d, 'base64url')))
  expect(isSignedByAdmin(signer.adminKey, digest, await signer.sign(digest))).toBe(true)
})
