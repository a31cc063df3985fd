import { hash as nativeHash, createPublicKey as nativeKey, verify as nativeVerify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { toBase64Url, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { createPublicKey, hash, verify } from '../src/platform/node-crypto.ts'

const seed = new Uint8Array(32).fill(7)
const publicKey = ed25519.getPublicKey(seed)
const jwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) }
const [ours, native] = [createPublicKey({ key: jwk, format: 'jwk' }), nativeKey({ key: jwk, format: 'jwk' })]

/** Both must say the same. */
function verdict(message: Uint8Array, signature: Uint8Array): boolean {
  const [mine, theirs] = [verify(null, message, ours, signature), nativeVerify(null, message, native, signature)]
  expect(mine).toBe(theirs)
  return mine
}

describe('the browser’s stand-in for node:crypto', () => {
  it('hashes as node:crypto does', () => {
    for (const text of ['', 'a', 'x'.repeat(1000)])
      expect(Buffer.from(hash('sha256', utf8(text)))).toEqual(nativeHash('sha256', utf8(text), 'buffer'))
  })

  it('judges votes as node:crypto does: good ones, every flipped byte, S + L, a torsion point in R, wrong lengths', () => {
    const message = utf8('a vote')
    const signature = ed25519.sign(message, seed)
    expect(verdict(message, signature)).toBe(true)
    expect(verdict(utf8('another vote'), signature)).toBe(false)
    for (let i = 0; i < 64; i++) {
      const flipped = new Uint8Array(signature)
      flipped[i] = (flipped[i] ?? 0) ^ 0x40
      expect(verdict(message, flipped), `byte ${i}`).toBe(false)
    }
    const s = signature.subarray(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + ed25519.Point.Fn.ORDER
    const above = Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 255n))
    expect(verdict(message, Uint8Array.from([...signature.subarray(0, 32), ...above]))).toBe(false)
    const torsion = ed25519.Point.fromHex('0000000000000000000000000000000000000000000000000000000000000080')
    const moved = ed25519.Point.fromBytes(signature.subarray(0, 32)).add(torsion).toBytes()
    expect(verdict(message, Uint8Array.from([...moved, ...signature.subarray(32)]))).toBe(false)
    for (const length of [0, 63, 65]) expect(verify(null, message, ours, new Uint8Array(length))).toBe(false)
  })
})
