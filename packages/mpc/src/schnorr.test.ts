import { describe, expect, it } from 'vitest'
import { concat } from './bytes.ts'
import { ed25519Group, type Group, secp256k1Group } from './group.ts'
import { hash64 } from './hash.ts'
import type { Scalar } from './kernel/scalar.ts'
import { proofLength, prove, verifyProof } from './schnorr.ts'

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
const never = (): never => {
  throw new Error('unreachable')
}

describe.each<Group>([secp256k1Group, ed25519Group])('a proof of knowledge on $name', group => {
  const secret = group.scalarOf(1234567)
  const point = group.base(secret) ?? never()
  const context = random(32)
  const proof = prove(group, secret, point, context, random)

  it('holds for its point and context only', () => {
    expect(proof.length).toBe(proofLength(group))
    expect(verifyProof(group, proof, point, context)).toBe(true)
    expect(verifyProof(group, proof, group.negate(point), context)).toBe(false)
    expect(verifyProof(group, proof, point, random(32))).toBe(false)
  })

  it('is refused when cut off, padded, or for what is no point', () => {
    const padded = Uint8Array.of(...proof, 0)
    for (const bad of [proof.slice(0, -1), proof.slice(1), padded, new Uint8Array()]) {
      expect(verifyProof(group, bad, point, context)).toBe(false)
    }
    for (const none of [new Uint8Array(group.pointLength), point.slice(1), new Uint8Array()]) {
      expect(verifyProof(group, proof, none, context)).toBe(false)
    }
  })

  it('is refused with the identity as nonce point, or a response that is zero or beyond the order', () => {
    const identity = new Uint8Array(group.pointLength)
    if (group.name === 'ed25519') identity[0] = 1
    // Fits the equation: 0 + c · secret.
    const challenge = group.reduce(hash64('schnorr/challenge', context, point, identity))
    const fitting = concat(identity, group.multiplyAdd(challenge, secret))
    expect(verifyProof(group, fitting, point, context)).toBe(false)

    const nonce = proof.slice(0, group.pointLength)
    for (const byte of [0, 255]) {
      expect(verifyProof(group, concat(nonce, new Uint8Array(32).fill(byte)), point, context)).toBe(false)
    }
    if (group.name !== 'ed25519') return
    const second = group.valueOf(proof.slice(group.pointLength)) + group.order
    const encoded = Uint8Array.from(Buffer.from(second.toString(16).padStart(64, '0'), 'hex')).reverse()
    expect(verifyProof(group, concat(nonce, encoded), point, context)).toBe(false)
  })

  it('leaves no nonce in memory', () => {
    let nonce: Scalar | undefined
    const watching: Group = {
      ...group,
      randomScalar: source => {
        nonce = group.randomScalar(source)
        return nonce
      },
    }
    expect(verifyProof(group, prove(watching, secret, point, context, random), point, context)).toBe(true)
    expect(nonce).toEqual(new Uint8Array(32))
    expect(group.valueOf(secret)).toBe(1234567n)
  })
})
