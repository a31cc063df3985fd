import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { concat } from '../bytes.ts'
import { secp256k1Group as group } from '../group.ts'
import { liftX, taggedHash, verifyBip340 } from './suite.ts'

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

describe('BIP-340 verification', () => {
  const vectors = readFileSync(new URL('../../test/vectors/bip-340.csv', import.meta.url), 'utf8')
  const rows = vectors
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.split(','))
  const [, , publicKey = '', , message = '', signature = ''] = rows[0] ?? []
  const [key, digest, sound] = [publicKey, message, signature].map(fromHex) as [Uint8Array, Uint8Array, Uint8Array]

  it('has all vectors', () => expect(rows.length).toBe(19))

  it.each(rows)('vector %s', (_index, _secret, publicKey = '', _aux, message = '', signature = '', result) => {
    expect(verifyBip340(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(result === 'TRUE')
  })

  it('refuses wrong lengths', () => {
    expect(verifyBip340(sound, digest, key)).toBe(true)
    for (const bad of [sound.slice(1), sound.slice(0, 63), concat(sound, Uint8Array.of(0)), new Uint8Array()]) {
      expect(verifyBip340(bad, digest, key)).toBe(false)
    }
    for (const bad of [liftX(key), key.slice(1), new Uint8Array()]) expect(verifyBip340(sound, digest, bad)).toBe(false)
  })

  it('refuses a nonce point with odd Y, and the identity', () => {
    const [secret, nonce] = [group.scalarOf(11), group.scalarOf(12)]
    const even = (scalar: Uint8Array): Uint8Array =>
      group.base(scalar)?.[0] === 2 ? scalar : group.subtract(group.scalarOf(0), scalar)
    const x = (scalar: Uint8Array): Uint8Array => group.base(scalar)?.slice(1) ?? new Uint8Array()
    const signed = (scalar: Uint8Array): Uint8Array => {
      const challenge = group.valueOf(taggedHash('BIP0340/challenge', x(scalar), x(secret), digest))
      return concat(x(scalar), group.multiplyAdd(group.scalarOf(challenge), even(secret), scalar))
    }
    expect(verifyBip340(signed(even(nonce)), digest, x(secret))).toBe(true)
    expect(verifyBip340(signed(group.subtract(group.scalarOf(0), even(nonce))), digest, x(secret))).toBe(false)
    const challenge = group.valueOf(taggedHash('BIP0340/challenge', new Uint8Array(32), x(secret), digest))
    const identity = concat(new Uint8Array(32), group.multiplyAdd(group.scalarOf(challenge), even(secret)))
    expect(verifyBip340(identity, digest, x(secret))).toBe(false)
  })
})
