import { createHash } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { keygen, random } from '../test/run.ts'
import { concat, u32 } from './bytes.ts'
import { curve, nobleBackend, type Point } from './curve.ts'
import { deriveTweak } from './derive.ts'
import { hash } from './hash.ts'
import { KeyShare } from './keyshare.ts'
import { ORDER, scalarBytes } from './scalar.ts'

const whole = (point: Point): Uint8Array => secp256k1.Point.fromBytes(point).toBytes(false)

describe('areas outside the heap', () => {
  const [two, three] = [scalarBytes(2n), scalarBytes(3n)]

  it('give results of their own, which the next call leaves alone', () => {
    const points = [curve.base(two), curve.base(three)]
    const results = [
      ...points,
      curve.negate(points[0] as Point),
      curve.sum(points),
      curve.multiply(points[0] as Point, three),
    ]
    const before = structuredClone(results)
    curve.base(scalarBytes(ORDER - 1n))
    curve.sum([points[1] as Point, points[1] as Point])
    curve.multiply(points[1] as Point, two)
    expect(results).toEqual(before)
    expect(new Set(results.map(point => point?.buffer)).size).toBe(results.length)
  })

  it('take points of 33 and 65 bytes for the same', () => {
    const [a, b] = [curve.base(two), curve.base(three)]
    expect(curve.sum([whole(a), b])).toEqual(nobleBackend.sum([a, b]))
    expect(curve.negate(whole(a))).toEqual(nobleBackend.negate(a))
    expect(curve.multiply(whole(a), three)).toEqual(nobleBackend.multiply(a, three))
    expect(curve.multiplyPublic(whole(a), three)).toEqual(nobleBackend.multiplyPublic(a, three))
  })

  it('hold nothing of an earlier call when an argument has another length', () => {
    const point = curve.base(two)
    for (const length of [0, 31, 33]) {
      expect(() => curve.base(new Uint8Array(length).fill(1))).toThrow(RangeError)
      expect(() => curve.multiply(point, new Uint8Array(length).fill(1))).toThrow(RangeError)
      expect(() => curve.multiplyPublic(point, new Uint8Array(length).fill(1))).toThrow(RangeError)
    }
    for (const bytes of [point.slice(0, 32), concat(point, Uint8Array.of(0)), new Uint8Array(64), new Uint8Array()]) {
      for (const use of [curve.negate, curve.isPoint]) expect(() => use(bytes)).toThrow(RangeError)
      expect(() => curve.multiply(bytes, two)).toThrow(RangeError)
      expect(() => curve.sum([point, bytes])).toThrow(RangeError)
    }
    const digest = random(32)
    const signature = secp256k1.sign(digest, two, { prehash: false })
    expect(curve.verify(signature, digest, point)).toBe(true)
    expect(curve.verify(signature.slice(0, 63), digest, point)).toBe(false)
    expect(curve.verify(signature, digest.slice(0, 31), point)).toBe(false)
    expect(curve.verify(signature, digest, point.slice(0, 32))).toBe(false)
  })

  it('refuse scalars outside 1 to q − 1', () => {
    for (const bad of [new Uint8Array(32), new Uint8Array(32).fill(255)]) {
      expect(() => curve.base(bad)).toThrow()
      expect(() => curve.multiply(curve.base(two), bad)).toThrow()
    }
  })
})

describe('the hash', () => {
  it('is SHA-256 over framed parts of any length, one after the other', () => {
    const frame = (part: Uint8Array) => concat(u32(part.length), part)
    const name = new TextEncoder().encode('trivault/mpc/v1/test')
    for (const lengths of [[0], [3, 0, 70_000], [1], [200_000, 1], [65_536], []]) {
      const parts = lengths.map(length => new Uint8Array(length).map((_, i) => i))
      const expected = createHash('sha256')
        .update(concat(...[name, ...parts].map(frame)))
        .digest()
      expect(hash('test', ...parts)).toEqual(new Uint8Array(expected))
    }
  })
})

describe('child keys of a share', () => {
  const [share] = keygen(2, 2).values()

  it('are those of the path, asked once or again', () => {
    if (share === undefined) throw new Error('no share')
    const paths = [[], [0], [44, 60, 0, 0], [4, 460, 0, 0], ...Array.from({ length: 300 }, (_, i) => [i])]
    for (const path of [...paths, ...paths])
      expect(KeyShare.derivedOf(share, path)).toEqual(deriveTweak(share.publicKey, share.chainCode, path))
  })

  it('are refused for hardened, negative and broken indexes, every time', () => {
    if (share === undefined) throw new Error('no share')
    for (const index of [2 ** 31, -1, 0.5, Number.NaN, 2 ** 31])
      expect(() => KeyShare.derivedOf(share, [0, index])).toThrow(/non-hardened/)
    expect(() => KeyShare.derivedOf(share, new Array(17).fill(0))).toThrow(/longer/)
  })
})
