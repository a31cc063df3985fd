import { readFileSync } from 'node:fs'
import { secp256k1, secp256k1_hasher } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { build } from '../../wasm/build.mjs'
import { hashToCurve } from './hash-to-curve.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')

describe('the kernel', () => {
  it('is what its sources build to', async () => {
    for (const [path, contents] of await build()) {
      expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8') === contents, path).toBe(true)
    }
  })
})

describe('hash to curve', () => {
  // RFC 9380, appendix J.8.1
  const dst = 'QUUX-V01-CS02-with-secp256k1_XMD:SHA-256_SSWU_RO_'
  it.each([
    [
      '',
      'c1cae290e291aee617ebaef1be6d73861479c48b841eaba9b7b5852ddfeb1346',
      '64fa678e07ae116126f08b022a94af6de15985c996c3a91b64c406a960e51067',
    ],
    [
      'abc',
      '3377e01eab42db296b512293120c6cee72b6ecf9f9205760bd9ff11fb3cb2c4b',
      '7f95890f33efebd1044d382a01b1bee0900fb6116f94688d487c6c7b9c8371f6',
    ],
  ])('gives the vector of RFC 9380 for "%s"', (message, x, y) => {
    expect(hex(hashToCurve([utf8(message)], dst)[0])).toBe(`04${x}${y}`)
  })

  it('agrees with @noble/curves, in one batch or several', () => {
    const messages = Array.from({ length: 300 }, (_, i) => utf8(`message ${i}`))
    const points = hashToCurve(messages, dst)
    for (const [i, message] of messages.entries()) {
      if (i % 10 === 0 || i > 250)
        expect(hex(points[i])).toBe(secp256k1_hasher.hashToCurve(message, { DST: dst }).toHex(false))
      else expect(() => secp256k1.Point.fromBytes(points[i] ?? new Uint8Array()).assertValidity()).not.toThrow()
    }
    expect(hashToCurve([], dst)).toEqual([])
  })
})
