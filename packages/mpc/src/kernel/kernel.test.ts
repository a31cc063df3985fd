import { readFileSync } from 'node:fs'
import { secp256k1, secp256k1_hasher } from '@noble/curves/secp256k1.js'
import { blake3 } from '@noble/hashes/blake3.js'
import { describe, expect, it } from 'vitest'
import { build } from '../../wasm/build.mjs'
import { mod, ORDER, reduce, reduceWide, scalarBytes } from '../scalar.ts'
import { blake3Keyed } from './blake3.ts'
import { hashToCurve } from './hash-to-curve.ts'
import { memory } from './kernel.ts'
import { add, isScalar, multiplyAdd, randomSecret, reduceSecret, subtract } from './scalar.ts'

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

describe('keyed BLAKE3', () => {
  it.each([0, 1, 20, 32, 37, 63, 64])('agrees with @noble/hashes for %i message bytes', length => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + length)
    const message = Uint8Array.from({ length }, (_, i) => i * 13 + 5)
    for (const blocks of [1, 2, 3, 4, 5, 104]) {
      expect(hex(blake3Keyed(key, message, blocks))).toBe(hex(blake3(message, { key, dkLen: 64 * blocks })))
    }
  })
})

describe('secret scalars', () => {
  const random = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n))
  const wordOf = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
  const top = 2n ** 256n - 1n
  // Limb borders, the order and its neighbours, and values that are not canonical.
  const edges = [
    0n,
    1n,
    255n,
    ORDER - 256n,
    ORDER + 255n,
    2n ** 29n - 1n,
    2n ** 29n,
    2n ** 232n - 1n,
    2n ** 255n,
    ORDER - 1n,
    ORDER,
    ORDER + 1n,
    top,
  ]
  const values = [...edges, ...Array.from({ length: 6 }, () => reduce(random(32)))]

  it('agree with BigInt at the edges and at random', () => {
    for (const a of values) {
      for (const b of values) {
        const [wa, wb] = [wordOf(a), wordOf(b)]
        expect(reduce(subtract(wa, wb))).toBe(mod(a - b))
        expect(reduce(add(wa, wb))).toBe(mod(a + b))
        expect(hex(subtract(wa, wb))).toBe(hex(scalarBytes(mod(a - b))))
        const wide = new Uint8Array([...wa, ...wb])
        expect(reduce(reduceSecret(wide))).toBe(reduceWide(wide))
        for (const c of edges) expect(hex(multiplyAdd(wa, wb, wordOf(c)))).toBe(hex(scalarBytes(mod(a * b + c))))
      }
    }
    for (const value of values) expect(isScalar(wordOf(value))).toBe(value < ORDER)
    expect([isScalar(new Uint8Array(31)), isScalar(new Uint8Array(33))]).toEqual([false, false])
    expect(add()).toEqual(new Uint8Array(32))
  })

  it('come from 48 bytes, and never from a dead source', () => {
    const bytes = random(48)
    expect(reduce(randomSecret(() => bytes))).toBe(reduceWide(new Uint8Array([...new Uint8Array(16), ...bytes])))
    expect(() => randomSecret(n => new Uint8Array(n))).toThrow()
  })

  it('leave nothing in the kernel', () => {
    const [a, b] = [random(32), random(32)]
    const result = multiplyAdd(a, b, a)
    for (const secret of [a, b, result]) expect(Buffer.from(memory).includes(Buffer.from(secret))).toBe(false)
  })
})
