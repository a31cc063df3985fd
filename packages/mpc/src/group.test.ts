import { createHash, randomBytes } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ED25519_ORDER, ed25519Engine, nobleEd25519, verify } from './ed25519.ts'
import { ed25519Group, evaluateInExponent, type Group, interpolateInExponent, secp256k1Group } from './group.ts'
import { mod } from './scalar.ts'

const random = (n: number): Uint8Array => new Uint8Array(randomBytes(n))
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const never = (): never => {
  throw new Error('unreachable')
}
const wideScalar = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })

describe.each([secp256k1Group, ed25519Group])('$name', group => {
  const scalar = (value: bigint): Uint8Array => group.scalarOf(mod(value, group.order))
  const point = (value: bigint): Uint8Array => group.base(scalar(value)) ?? never()

  it('computes with scalars as integers do', () => {
    fc.assert(
      fc.property(wideScalar, wideScalar, wideScalar, (a, b, c) => {
        const [x, y, z] = [scalar(a), scalar(b), scalar(c)]
        expect(group.valueOf(x)).toBe(mod(a, group.order))
        expect(group.multiplyAdd(x, y, z)).toEqual(scalar(mod(a, group.order) * mod(b, group.order) + c))
        expect(group.multiplyAdd(x, y)).toEqual(scalar(a * b))
        expect(group.add(x, y, z, z)).toEqual(scalar(a + b + 2n * c))
        expect(group.subtract(x, y)).toEqual(scalar(a - b))
      }),
      { numRuns: 50 },
    )
    const largest = scalar(-1n)
    expect(group.multiplyAdd(largest, largest, largest)).toEqual(scalar(0n))
    expect(group.subtract(scalar(5n), scalar(0n))).toEqual(scalar(5n))
    expect(group.subtract(scalar(0n), scalar(0n))).toEqual(scalar(0n))
    expect(group.add(...Array.from({ length: 5 }, () => largest))).toEqual(scalar(-5n))
  })

  it('has one encoding for a scalar', () => {
    expect(group.isScalar(scalar(-1n))).toBe(true)
    expect(group.isScalar(scalar(0n))).toBe(true)
    const [big, little] = [[...encode(group.order)], [...encode(group.order)].reverse()]
    expect(group.isScalar(Uint8Array.from(group === secp256k1Group ? big : little))).toBe(false)
    expect(group.isScalar(new Uint8Array(32).fill(255))).toBe(false)
    expect(group.isScalar(new Uint8Array(31))).toBe(false)
  })

  it('draws uniform scalars and refuses a source of zeros', () => {
    const drawn = group.randomScalar(random)
    expect(group.isScalar(drawn)).toBe(true)
    expect(drawn).not.toEqual(group.randomScalar(random))
    expect(() => group.randomScalar(n => new Uint8Array(n))).toThrow('zeros')
  })

  it('treats the identity as undefined', () => {
    const seven = point(7n)
    expect(group.base(scalar(0n))).toBeUndefined()
    expect(group.multiply(seven, scalar(0n))).toBeUndefined()
    expect(group.multiplyPublic(seven, scalar(0n))).toBeUndefined()
    expect(group.sum(seven, group.negate(seven))).toBeUndefined()
    expect(group.sum(undefined, seven)).toEqual(seven)
    expect(group.sum()).toBeUndefined()
    expect(group.multiplyPublic(new Uint8Array(group.pointLength).fill(255), scalar(5n))).toBeUndefined()
  })

  it('adds and multiplies points as their logarithms do', () => {
    expect(group.sum(point(3n), point(4n), point(5n))).toEqual(point(12n))
    expect(group.multiply(point(3n), scalar(11n))).toEqual(point(33n))
    expect(group.multiplyPublic(point(3n), scalar(-2n))).toEqual(point(-6n))
    expect(group.negate(point(9n))).toEqual(point(-9n))
  })

  it('evaluates and interpolates polynomials in the exponent', () => {
    const [a, b, c] = [3n, 5n, 11n]
    const points = [a, b, c].map(point)
    const at = (x: bigint): bigint => a + b * x + c * x * x
    for (const x of [1, 2, 4, 5]) expect(evaluateInExponent(group, points, x)).toEqual(point(at(BigInt(x))))
    const shares = [1n, 2n, 3n, 4n, 5n].map(x => point(at(x)))
    expect(interpolateInExponent(group, [1, 3, 5], shares)).toEqual(point(a))
    expect(interpolateInExponent(group, [1, 3], shares)).not.toEqual(point(a))
  })
})

/** 32 bytes, big-endian. */
const encode = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0'))

/** All eight points of small order, and second encodings of some of them. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(fromHex)

describe('points of edwards25519', () => {
  const torsion = ed25519.Point.fromBytes(SMALL_ORDER[4] ?? never())
  const mixed = ed25519.Point.BASE.multiply(12345n).add(torsion).toBytes()

  it('runs on libsodium where the tests run', () => expect(ed25519Engine).toBe('native'))

  it('of small or mixed order, and second encodings, are refused by both engines', () => {
    const outside = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 2 : 0))
    for (const bad of [...SMALL_ORDER, mixed, outside, new Uint8Array(33), new Uint8Array(31)]) {
      expect(ed25519Group.isPoint(bad), Buffer.from(bad).toString('hex')).toBe(false)
      expect(nobleEd25519.isPoint(bad), Buffer.from(bad).toString('hex')).toBe(false)
      if (bad.length !== 32) continue
      expect(ed25519Group.multiplyPublic(bad, ed25519Group.scalarOf(7))).toBeUndefined()
      expect(nobleEd25519.multiply(bad, ed25519Group.scalarOf(7))).toBeUndefined()
    }
  })

  it('agree between libsodium and noble', () => {
    for (let i = 0; i < 20; i++) {
      const [a, b] = [ed25519Group.randomScalar(random), ed25519Group.randomScalar(random)]
      const [p, q] = [nobleEd25519.base(a), nobleEd25519.base(b)]
      expect(ed25519Group.base(a)).toEqual(p)
      expect(ed25519Group.multiply(p, b)).toEqual(nobleEd25519.multiply(p, b))
      expect(ed25519Group.sum(p, q)).toEqual(nobleEd25519.add(p, q))
      expect(ed25519Group.negate(p)).toEqual(nobleEd25519.negate(p))
      expect(ed25519Group.isPoint(p) && nobleEd25519.isPoint(p)).toBe(true)
      const wide = random(64)
      expect(ed25519Group.reduce(wide)).toEqual(nobleEd25519.reduce(wide))
      expect(ed25519Group.subtract(a, b)).toEqual(nobleEd25519.subtract(a, b))
    }
  })

  it('of mixed order make no signature, neither as nonce point nor as key', () => {
    const scalar = (bytes: Uint8Array): bigint => ed25519Group.valueOf(ed25519Group.reduce(bytes))
    const [key, nonce] = [scalar(random(64)), scalar(random(64))]
    const at = (value: bigint) => ed25519.Point.BASE.multiply(value)
    /** A signature that fits up to a point of small order; odd challenges, so that it does not vanish. */
    const forge = (noncePoint: Uint8Array, publicKey: Uint8Array) => {
      for (;;) {
        const message = random(32)
        const digest = createHash('sha512').update(noncePoint).update(publicKey).update(message).digest()
        const challenge = scalar(new Uint8Array(digest))
        if (challenge % 2n === 0n) continue
        const response = ed25519Group.scalarOf(nonce + challenge * key)
        return { signature: new Uint8Array([...noncePoint, ...response]), message, publicKey }
      }
    }
    const sound = [at(nonce).toBytes(), at(key).toBytes()] as const
    const cases = [
      { expected: true, ...forge(...sound) },
      { expected: false, ...forge(at(nonce).add(torsion).toBytes(), sound[1]) },
      { expected: false, ...forge(sound[0], at(key).add(torsion).toBytes()) },
    ]
    for (const { expected, signature, message, publicKey } of cases) {
      expect(verify(signature, message, publicKey)).toBe(expected)
      expect(nobleEd25519.verify(signature, message, publicKey)).toBe(expected)
    }
  })

  it('verify signatures alike, also of the empty message, and refuse s + order', () => {
    const secret = random(32)
    const publicKey = ed25519.getPublicKey(secret)
    for (const message of [new Uint8Array(), random(1), random(500)]) {
      const signature = ed25519.sign(message, secret)
      const response = ed25519Group.valueOf(signature.slice(32)) + ED25519_ORDER
      const malleated = signature.slice()
      malleated.set(encode(response).reverse(), 32)
      for (const engine of [verify, nobleEd25519.verify]) {
        expect(engine(signature, message, publicKey)).toBe(true)
        expect(engine(malleated, message, publicKey)).toBe(false)
        expect(engine(signature, random(7), publicKey)).toBe(false)
        expect(engine(signature, message, ed25519.getPublicKey(random(32)))).toBe(false)
      }
      expect(verify(signature.slice(1), message, publicKey)).toBe(false)
    }
  })
})

it('groups name themselves', () => {
  const names: Group['name'][] = [secp256k1Group.name, ed25519Group.name]
  expect(names).toEqual(['secp256k1', 'ed25519'])
})
