import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DeviceKey, DeviceKeyError } from './device-key.ts'

const message = new TextEncoder().encode('{"OperationType":"make transaction"}')

function verifies(publicKey: string, signature: string, over: Uint8Array): boolean {
  const point = Buffer.from(publicKey, 'base64')
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
  })
  return verify('sha256', over, { key, dsaEncoding: 'der' }, Buffer.from(signature, 'base64'))
}

describe('device key', () => {
  it('signs what its public point verifies, and keeps both through export', () => {
    const key = DeviceKey.generate()
    const again = DeviceKey.parse(key.export())
    expect(again.publicKey).toBe(key.publicKey)
    expect(Buffer.from(key.publicKey, 'base64')).toHaveLength(65)
    expect(verifies(key.publicKey, again.sign(message), message)).toBe(true)
    expect(verifies(key.publicKey, again.sign(message), message.subarray(1))).toBe(false)
  })

  it('reads PEM too', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    expect(Buffer.from(DeviceKey.parse(pem).publicKey, 'base64')[0]).toBe(4)
  })

  it.each([
    ['nothing', ''],
    ['another text', 'not a key'],
    ['base64 of other bytes', Buffer.from('trivault').toString('base64')],
    [
      'a key on another curve',
      generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
        .privateKey.export({ format: 'der', type: 'sec1' })
        .toString('base64'),
    ],
    ['an Ed25519 key', generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
  ])('refuses %s', (_name, text) => {
    expect(() => DeviceKey.parse(text)).toThrow(DeviceKeyError)
  })
})
