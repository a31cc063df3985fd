import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { signerOf } from './identity-signer.ts'

describe('the identity', () => {
  it('signs as @noble/curves does: RFC 8032 leaves no choice', () => {
    for (const fill of [0, 1, 255]) {
      const seed = new Uint8Array(32).fill(fill)
      const sign = signerOf(seed)
      for (const length of [0, 1, 64, 5000]) {
        const message = new Uint8Array(length).map((_, i) => i)
        expect(sign(message)).toEqual(ed25519.sign(message, seed))
      }
      expect(ed25519.verify(sign(Uint8Array.of(1)), Uint8Array.of(2), ed25519.getPublicKey(seed))).toBe(false)
    }
  })

  it('takes seeds of 32 bytes only', () => {
    for (const length of [0, 31, 33]) expect(() => signerOf(new Uint8Array(length))).toThrow()
  })
})
