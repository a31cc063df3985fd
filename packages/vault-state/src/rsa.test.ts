import { constants, createHash, createPublicKey, generateKeyPairSync, privateEncrypt, sign } from 'node:crypto'
import { concat, fromHex, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { verifyRs256 } from './rsa.ts'

const bytes = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64url'))
const make = (modulusLength: number, publicExponent = 65_537) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return { privateKey, modulus: bytes(createPublicKey(privateKey).export({ format: 'jwk' }).n) }
}
const key = make(2048)
const message = utf8('a message')
const good = new Uint8Array(sign('sha256', message, key.privateKey))
const hash = new Uint8Array(createHash('sha256').update(message).digest())
const info = fromHex('3031300d060960864801650304020105000420')

/** The private operation over a block that we chose. */
const signBlock = (block: Uint8Array) =>
  new Uint8Array(privateEncrypt({ key: key.privateKey, padding: constants.RSA_NO_PADDING }, block))
const block = (padding: Uint8Array, tail: Uint8Array) => concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), tail)
const filled = (length: number) => new Uint8Array(length).fill(0xff)

describe('verifyRs256', () => {
  it('takes what OpenSSL signs, for moduli of 2048 to 4096 bits', () => {
    expect(verifyRs256(key.modulus, message, good)).toBe(true)
    const long = make(4096)
    expect(verifyRs256(long.modulus, message, new Uint8Array(sign('sha256', message, long.privateKey)))).toBe(true)
    expect(verifyRs256(key.modulus, message, signBlock(block(filled(202), concat(info, hash))))).toBe(true)
  })

  it.each<[string, Uint8Array]>([
    ['another message', new Uint8Array(sign('sha256', utf8('another'), key.privateKey))],
    ['SHA-512', new Uint8Array(sign('sha512', message, key.privateKey))],
    ['PSS', new Uint8Array(sign('sha256', message, { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }))],
    ['a short padding with something behind the hash', signBlock(block(filled(8), concat(info, hash, filled(194))))],
    ['no DigestInfo', signBlock(block(filled(221), hash))],
    [
      'DigestInfo without NULL',
      signBlock(block(filled(204), concat(fromHex('302f300b0609608648016503040201' + '0420'), hash))),
    ],
    ['a hole in the padding', signBlock(block(filled(202).fill(0xfe, 100, 101), concat(info, hash)))],
    ['block type 2', signBlock(concat(Uint8Array.of(0, 2), filled(202), Uint8Array.of(0), info, hash))],
    ['a bit less', good.with(255, (good[255] ?? 0) ^ 1)],
    ['a byte more', concat(good, Uint8Array.of(0))],
    ['a byte in front', concat(Uint8Array.of(0), good)],
    ['nothing', new Uint8Array(0)],
    ['zeros', new Uint8Array(256)],
    ['ones', filled(256)],
  ])('refuses %s', (_what, signature) => {
    expect(verifyRs256(key.modulus, message, signature)).toBe(false)
  })

  it('refuses short, padded and even moduli, and another exponent', () => {
    const short = make(1024)
    expect(verifyRs256(short.modulus, message, new Uint8Array(sign('sha256', message, short.privateKey)))).toBe(false)
    const zero = Uint8Array.of(0)
    expect(verifyRs256(concat(zero, key.modulus), message, concat(zero, good))).toBe(false)
    expect(verifyRs256(key.modulus.with(255, 2), message, good)).toBe(false)
    const three = make(2048, 3)
    expect(verifyRs256(three.modulus, message, new Uint8Array(sign('sha256', message, three.privateKey)))).toBe(false)
  })
})
