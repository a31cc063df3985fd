import { fromBase64, utf8 } from '@trivault/codec'
import { deviceKeyId, verifyApproval } from '@trivault/vault-state'
import { describe, expect, it } from 'vitest'
import { derOf, makeKey, signWith } from '../src/device/key.ts'

describe('a device key of WebCrypto', () => {
  it('signs what the nodes verify, and never comes out', async () => {
    const key = await makeKey()
    const publicKey = fromBase64(key.publicKey)
    expect([publicKey.length, publicKey[0]]).toEqual([65, 4])
    expect(key.keyId).toBe(deviceKeyId(publicKey))
    expect(key.privateKey.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('jwk', key.privateKey)).rejects.toThrow()
    // r and s with and without leading zeros and high bits.
    for (let i = 0; i < 200; i++) {
      const message = utf8(`intent ${i}`)
      const signature = await signWith(key, message)
      expect(verifyApproval(publicKey, message, signature)).toBe(true)
      expect(verifyApproval(publicKey, utf8(`intent ${i + 1}`), signature)).toBe(false)
    }
  })

  it.each<[string, number[], number[], string]>([
    ['small numbers without padding', [1], [2], '3006020101020102'],
    ['a zero before a high bit', [0x80], [0x7f], '300702020080' + '02017f'],
    ['zero as one byte', [], [1], '3006020100020101'],
  ])('is written in DER with %s', (_what, r, s, hex) => {
    const padded = (bytes: number[]) => [...new Array(32 - bytes.length).fill(0), ...bytes]
    expect(Buffer.from(derOf(Uint8Array.from([...padded(r), ...padded(s)]))).toString('hex')).toBe(hex)
  })
})
