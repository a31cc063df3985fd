import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { curve, isPoint, nobleBackend } from '../src/curve.ts'
import { isPoint as isEdwardsPoint, nobleEd25519, verify as verifyEd25519 } from '../src/ed25519.ts'
import { sha256 } from '../src/hash.ts'
import { HALF_ORDER, reduce } from '../src/scalar.ts'

/** Project Wycheproof's cases for the verifiers that every signature of this package has to pass. */
type Case = {
  number: string
  key: Uint8Array
  message: Uint8Array
  signature: Uint8Array
  valid: boolean
  comment: string
}

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const casesOf = (file: string): Case[] =>
  readFileSync(new URL(`./vectors/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .filter(line => /^\d/.test(line))
    .map(line => {
      const [number = '', key = '', message = '', signature = '', result, comment = ''] = line.split(',')
      const bytes = { key: fromHex(key), message: fromHex(message), signature: fromHex(signature) }
      return { number, ...bytes, valid: result === 'valid', comment }
    })

describe('Wycheproof, ECDSA on secp256k1', () => {
  const cases = casesOf('wycheproof-ecdsa-secp256k1.csv')
  const isLow = (signature: Uint8Array): boolean => reduce(signature.slice(32)) <= HALF_ORDER

  it.each([
    ['libsecp256k1', curve],
    ['@noble/curves', nobleBackend],
  ])('%s takes what is valid and low-S, and nothing else', (_engine, backend) => {
    expect(cases).toHaveLength(252)
    for (const { number, key, message, signature, valid, comment } of cases) {
      const expected = valid && signature.length === 64 && isLow(signature)
      const accepted = isPoint(key) && backend.verify(signature, sha256(message), key)
      expect([number, comment, accepted]).toEqual([number, comment, expected])
    }
  })

  it('has valid cases of both kinds of s', () => {
    const valid = cases.filter(one => one.valid)
    expect(valid.filter(({ signature }) => isLow(signature)).length).toBeGreaterThan(50)
    expect(valid.filter(({ signature }) => !isLow(signature)).length).toBeGreaterThan(5)
  })
})

describe('Wycheproof, Ed25519', () => {
  const cases = casesOf('wycheproof-ed25519.csv')

  it.each([
    ['libsodium', verifyEd25519],
    [
      '@noble/curves',
      (signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean =>
        signature.length === 64 && nobleEd25519.verify(signature, message, key),
    ],
  ])('%s takes what is valid, and nothing else', (_engine, verify) => {
    expect(cases).toHaveLength(151)
    for (const { number, key, message, signature, valid, comment } of cases) {
      const accepted = isEdwardsPoint(key) && verify(signature, message, key)
      expect([number, comment, accepted]).toEqual([number, comment, valid])
    }
  })
})
