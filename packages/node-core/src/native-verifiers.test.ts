import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { addressOfPublicKey } from '@trivault/chains'
import { concat } from '@trivault/codec'
import { portableVerifiers } from '@trivault/vault-state'
import { describe, expect, it } from 'vitest'
import { nativeVerifiers } from './native-verifiers.ts'

const native = nativeVerifiers()
const bytes = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(seed * 7919 + i, 2654435761) >>> 24) & 0xff)
const word = (value: bigint) => Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
/** Every single-byte change of some bytes, and some lengths. */
const changed = (value: Uint8Array): Uint8Array[] => [
  ...Array.from(value, (byte, i) => value.with(i, byte ^ (1 << (i % 8)))),
  value.slice(0, -1),
  concat(value, Uint8Array.of(0)),
  new Uint8Array(0),
]

describe('approvals: the native check answers as the portable one', () => {
  const secret = bytes(32, 1)
  const publicKey = p256.getPublicKey(secret, false)
  const message = bytes(100, 2)
  const sign = (format: 'der' | 'compact', lowS = false) => p256.sign(message, secret, { prehash: true, lowS, format })
  const both = (key: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean => {
    const answer = portableVerifiers.approval(key, text, signature)
    expect(native.approval(key, text, signature)).toBe(answer)
    return answer
  }
  const der = (r: Uint8Array, s: Uint8Array) => {
    const integer = (value: Uint8Array) => concat(Uint8Array.of(2, value.length), value)
    const body = concat(integer(r), integer(s))
    return concat(Uint8Array.of(0x30, body.length), body)
  }

  it('to good ones, with either s and a compressed key', () => {
    expect(both(publicKey, message, sign('der'))).toBe(true)
    const { r, s } = p256.Signature.fromBytes(sign('compact'), 'compact')
    const other = new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes('der')
    expect(both(publicKey, message, other)).toBe(true)
    expect(both(p256.getPublicKey(secret, true), message, sign('der'))).toBe(true)
  })

  it('to changed signatures, messages and keys', () => {
    for (const signature of changed(sign('der'))) expect(both(publicKey, message, signature)).toBe(false)
    for (const text of changed(message).slice(0, 5)) expect(both(publicKey, text, sign('der'))).toBe(false)
    for (const key of changed(publicKey)) both(key, message, sign('der'))
  })

  it('to numbers out of range and to encodings that are not DER', () => {
    const order = p256.Point.Fn.ORDER
    const padded = concat(Uint8Array.of(0), word(order))
    const one = Uint8Array.of(1)
    for (const [r, s] of [
      [Uint8Array.of(0), one],
      [one, Uint8Array.of(0)],
      [padded, one],
      [one, padded],
      [Uint8Array.of(0x80), one],
      [Uint8Array.of(0, 1), one],
      [new Uint8Array(0), one],
      [concat(one, new Uint8Array(40)), one],
    ] as const)
      expect(both(publicKey, message, der(r, s))).toBe(false)
    const good = sign('der')
    expect(both(publicKey, message, concat(Uint8Array.of(0x30, 0x81, good.length - 2), good.slice(2)))).toBe(false)
    expect(both(publicKey, message, concat(Uint8Array.of(0x30, 0x80), good.slice(2), Uint8Array.of(0, 0)))).toBe(false)
    expect(both(publicKey, message, sign('compact'))).toBe(false)
  })
})

describe('signatures of transactions: the native check answers as the portable one', () => {
  const secret = bytes(32, 3)
  const address = addressOfPublicKey(secp256k1.getPublicKey(secret, true))
  const execution = { digest: bytes(32, 4), message: new Uint8Array(0) }
  const both = (signature: Uint8Array, digest: Uint8Array = execution.digest): boolean => {
    const what = { ...execution, digest }
    const answer = portableVerifiers.signature(what, signature, address, 'evm')
    expect(native.signature(what, signature, address, 'evm')).toBe(answer)
    return answer
  }
  const recovered = secp256k1.sign(execution.digest, secret, { prehash: false, format: 'recovered' })
  const good = concat(recovered.subarray(1), recovered.subarray(0, 1))
  const order = secp256k1.Point.Fn.ORDER

  it('to good and changed ones', () => {
    expect(both(good)).toBe(true)
    for (const signature of changed(good)) expect(both(signature)).toBe(false)
    for (const digest of changed(execution.digest).slice(0, 32)) expect(both(good, digest)).toBe(false)
  })

  it('to the other s, the other recovery bit, and numbers at their borders', () => {
    const s = BigInt(`0x${Buffer.from(good.subarray(32, 64)).toString('hex')}`)
    const v = good.subarray(64)
    const flipped = Uint8Array.of((v[0] ?? 0) ^ 1)
    for (const last of [v, flipped, Uint8Array.of(2), Uint8Array.of(27)]) {
      expect(both(concat(good.subarray(0, 32), word(order - s), last))).toBe(false)
      for (const value of [0n, 1n, order / 2n, order / 2n + 1n, order - 1n, order, (1n << 256n) - 1n]) {
        both(concat(word(value), good.subarray(32, 64), last))
        both(concat(good.subarray(0, 32), word(value), last))
      }
    }
    // A digest that is zero, or not below the order.
    for (const value of [0n, order, (1n << 256n) - 1n]) {
      const digest = word(value)
      const made = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
      expect(both(concat(made.subarray(1), made.subarray(0, 1)), digest)).toBe(true)
    }
  })

  it('on Ed25519 is the portable one', () => {
    const signature = new Uint8Array(64)
    expect(native.signature(execution, signature, address, 'solana')).toBe(false)
  })
})
