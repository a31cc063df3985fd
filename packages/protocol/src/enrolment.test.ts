import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { toBase64Url, toHex } from '@trivault/codec'
import { calculateJwkThumbprint } from 'jose'
import { describe, expect, it } from 'vitest'
import { enrolmentNonce, type IssuerKey, issuerKeyThumbprint, possessionMessage } from './index.ts'

const vaultId = new Uint8Array(32).fill(1)
const publicKey = new Uint8Array(65).fill(4)
const bytes = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64url'))

describe('the thumbprint of an issuer key', () => {
  it('is that of RFC 7638, section 3.1', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W' +
      '-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qN' +
      'Lyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    expect(toBase64Url(issuerKeyThumbprint({ type: 'rsa', modulus: bytes(n) }))).toBe(
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    )
  })

  it('is what jose computes for a key on P-256', async () => {
    const jwk = createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey).export({ format: 'jwk' })
    const key: IssuerKey = { type: 'ec', x: bytes(jwk.x), y: bytes(jwk.y) }
    expect(toBase64Url(issuerKeyThumbprint(key))).toBe(await calculateJwkThumbprint(jwk))
  })
})

describe('the nonce', () => {
  it('is a tagged hash, by an independent SHA-256, in whatever letters the user is written', () => {
    const tag = Buffer.from('trivault/v1/enrolment')
    const expected = createHash('sha256')
      .update(Uint8Array.of(tag.length))
      .update(tag)
      .update(vaultId)
      .update(publicKey)
      .update('ann@example.com')
      .digest('base64url')
    expect(enrolmentNonce(vaultId, 'ann@example.com', publicKey)).toBe(expected)
    expect(enrolmentNonce(vaultId, 'Ann@Example.com', publicKey)).toBe(expected)
  })

  it('differs with vault, user and key', () => {
    const nonces = [
      enrolmentNonce(vaultId, 'ann@example.com', publicKey),
      enrolmentNonce(new Uint8Array(32), 'ann@example.com', publicKey),
      enrolmentNonce(vaultId, 'bob@example.com', publicKey),
      enrolmentNonce(vaultId, 'ann@example.com', new Uint8Array(65).fill(5)),
    ]
    expect(new Set(nonces).size).toBe(4)
  })
})

describe('what shows possession', () => {
  const enrolment = { vaultId, userId: 'Ann@example.com', publicKey, channel: 'app', idToken: 'a.b.c' } as const

  it('differs with every field, is never an intent, and is the same for both writings of a user', () => {
    const changes = [
      {},
      { vaultId: new Uint8Array(32) },
      { userId: 'bob@example.com' },
      { publicKey: new Uint8Array(65) },
      { channel: 'cli' },
      { idToken: 'a.b.d' },
    ] as const
    const messages = changes.map(change => toHex(possessionMessage({ ...enrolment, ...change })))
    expect(new Set(messages).size).toBe(changes.length)
    expect(possessionMessage(enrolment)[0]).not.toBe('{'.charCodeAt(0))
    expect(possessionMessage({ ...enrolment, userId: 'ann@EXAMPLE.com' })).toEqual(possessionMessage(enrolment))
  })
})
