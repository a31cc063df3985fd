import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { basePoint, curve, engine, isPoint, multiply, nobleBackend, samePoint, sum } from './curve.ts'
import { invert, lagrange, mod, ORDER, parseScalar, reduce, reduceWide, scalarBytes } from './scalar.ts'

const random = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n))
const scalars = [1n, 2n, ORDER - 1n, ...Array.from({ length: 8 }, () => reduce(random(32)))]

describe('curve engine', () => {
  it('is native on this machine', () => {
    expect(engine).toBe('native')
  })

  it('agrees with @noble/curves', () => {
    const points = scalars.map(value => curve.base(scalarBytes(value)))
    for (const [i, point] of points.entries()) {
      const scalar = scalarBytes(scalars[i] ?? 1n)
      const other = points[(i + 3) % points.length] ?? point
      expect(point).toEqual(nobleBackend.base(scalar))
      expect(curve.multiply(other, scalar)).toEqual(nobleBackend.multiply(other, scalar))
      expect(curve.multiplyPublic(other, scalar)).toEqual(nobleBackend.multiplyPublic(other, scalar))
      expect(curve.negate(point)).toEqual(nobleBackend.negate(point))
      expect(curve.sum([point, other, other])).toEqual(nobleBackend.sum([point, other, other]))
      expect(curve.sum([point, curve.negate(point)])).toBeUndefined()
      expect(nobleBackend.sum([point, curve.negate(point)])).toBeUndefined()
    }
  })

  it('verifies like @noble/curves, and refuses high s', () => {
    const secret = scalarBytes(reduce(random(32)))
    const publicKey = curve.base(secret)
    const digest = random(32)
    const low = secp256k1.sign(digest, secret, { prehash: false })
    const high = low.slice()
    high.set(scalarBytes(mod(-reduce(low, 32))), 32)
    for (const backend of [curve, nobleBackend]) {
      expect(backend.verify(low, digest, publicKey)).toBe(true)
      expect(backend.verify(high, digest, publicKey)).toBe(false)
      expect(backend.verify(low, random(32), publicKey)).toBe(false)
      expect(backend.verify(new Uint8Array(64), digest, publicKey)).toBe(false)
    }
  })

  it('accepts compressed points only', () => {
    const point = curve.base(scalarBytes(5n))
    expect(isPoint(point)).toBe(true)
    const uncompressed = secp256k1.Point.fromBytes(point).toBytes(false)
    const notOnCurve = new Uint8Array(33).fill(255)
    notOnCurve[0] = 2
    const wrongTag = point.slice()
    wrongTag[0] = 4
    for (const bad of [uncompressed, notOnCurve, wrongTag, new Uint8Array(33), new Uint8Array()]) {
      expect(isPoint(bad)).toBe(false)
    }
  })

  it('treats the identity as a value of its own', () => {
    const point = basePoint(7n)
    expect(basePoint(0n)).toBeUndefined()
    expect(sum()).toBeUndefined()
    expect(sum(undefined, point)).toEqual(point)
    expect(samePoint(undefined, point)).toBe(false)
    expect(samePoint(undefined, undefined)).toBe(true)
    expect(point && multiply(point, 0n)).toBeUndefined()
  })
})

describe('scalars', () => {
  it('have one encoding', () => {
    expect(parseScalar(scalarBytes(ORDER - 1n))).toBe(ORDER - 1n)
    const order = new Uint8Array(32)
    order.set(scalarBytes(ORDER - 1n))
    order[31] = (order[31] ?? 0) + 1
    expect(parseScalar(order)).toBeUndefined()
    expect(reduce(order)).toBe(0n)
    expect(parseScalar(new Uint8Array(31))).toBeUndefined()
  })

  it('reduce 64 bytes as an integer', () => {
    const wide = new Uint8Array(64)
    wide[31] = 1
    expect(reduceWide(wide)).toBe((1n << 256n) % ORDER)
  })

  it('invert and interpolate', () => {
    for (const value of scalars) expect(mod(value * invert(value))).toBe(1n)
    expect(() => invert(0n)).toThrow()
    const indexes = [1, 3, 5]
    const at = (x: number): bigint => 9n + 4n * BigInt(x) + 2n * BigInt(x * x)
    expect(indexes.reduce((total, i) => mod(total + lagrange(i, indexes) * at(i)), 0n)).toBe(9n)
  })
})
