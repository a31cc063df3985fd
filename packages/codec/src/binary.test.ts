import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bool,
  bytes,
  type Codec,
  CodecError,
  type CodecErrorCode,
  concat,
  decode,
  encode,
  fixed,
  fromHex,
  int53,
  list,
  mapped,
  option,
  struct,
  tagged,
  text,
  toHex,
  u8,
  u16,
  u32,
  u64,
  uintVar,
  word,
} from './index.ts'

const shape = tagged({
  circle: [1, struct({ radius: uintVar(32) })],
  path: [7, struct({ points: list(struct({ x: u8, y: option(u16) }), 5), closed: bool, name: text(20) })],
  blob: [255, struct({ id: fixed(4), data: bytes(20), at: int53, kind: word(['a', 'b', 'c']), big: u64, size: u32 })],
})
type Shape = typeof shape extends Codec<infer T> ? T : never

const array = (size: { minLength?: number; maxLength?: number }) =>
  fc.uint8Array(size).map(value => Uint8Array.from(value))
const letters = fc.string({ unit: 'binary', maxLength: 5 })
const shapes: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ type: fc.constant('circle' as const), radius: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }) }),
  fc.record({
    type: fc.constant('path' as const),
    points: fc.array(
      fc.record({
        x: fc.integer({ min: 0, max: 255 }),
        y: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
      }),
      { maxLength: 5 },
    ),
    closed: fc.boolean(),
    name: letters,
  }),
  fc.record({
    type: fc.constant('blob' as const),
    id: array({ minLength: 4, maxLength: 4 }),
    data: array({ maxLength: 20 }),
    at: fc.maxSafeNat(),
    kind: fc.constantFrom('a' as const, 'b' as const, 'c' as const),
    big: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    size: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  }),
)

/** The code of the `CodecError` that `body` throws. */
function refused(body: () => unknown): CodecErrorCode | undefined {
  try {
    body()
    return undefined
  } catch (error) {
    if (error instanceof CodecError) return error.code
    throw error
  }
}
const refuses = (codec: Codec<never>, hex: string) => refused(() => decode(codec as Codec<unknown>, fromHex(hex)))
const anyCodec = <T>(codec: Codec<T>) => codec as Codec<never>

describe('round trip', () => {
  it('gives back every value', () => {
    fc.assert(
      fc.property(shapes, value => {
        expect(decode(shape, encode(shape, value))).toEqual(value)
      }),
    )
  })

  it('accepts the extremes of every integer', () => {
    const extremes: [Codec<number>, number][] = [
      [u8, 255],
      [u16, 65_535],
      [u32, 2 ** 32 - 1],
      [int53, Number.MAX_SAFE_INTEGER],
    ]
    for (const [codec, max] of extremes)
      for (const value of [0, 1, max]) expect(decode(codec, encode(codec, value))).toBe(value)
    for (const value of [0n, 2n ** 64n - 1n]) expect(decode(u64, encode(u64, value))).toBe(value)
    for (const value of [0n, 1n, 255n, 256n, 2n ** 256n - 1n])
      expect(decode(uintVar(32), encode(uintVar(32), value))).toBe(value)
  })

  it('is big-endian and minimal', () => {
    expect(toHex(encode(u32, 0x01020304))).toBe('01020304')
    expect(toHex(encode(uintVar(32), 0n))).toBe('00')
    expect(toHex(encode(uintVar(32), 256n))).toBe('020100')
    expect(toHex(encode(text(9), 'é'))).toBe('00000002c3a9')
    expect(toHex(encode(list(option(u8), 9), [undefined, 5]))).toBe('00000002000105')
    expect(toHex(encode(word(['x', 'y']), 'y'))).toBe('01')
  })

  it('grows its buffer for large values', () => {
    const big = new Uint8Array(100_000).map((_, i) => i)
    expect(decode(bytes(100_000), encode(bytes(100_000), big))).toEqual(big)
  })

  it('gives copies: neither input nor output shares memory', () => {
    const input = Uint8Array.of(1, 2)
    const encoded = encode(fixed(2), input)
    const value = decode(fixed(2), encoded)
    encoded.fill(9)
    expect(value).toEqual(Uint8Array.of(1, 2))
    expect(decode(fixed(2), Buffer.from([3, 4]))).toEqual(Uint8Array.of(3, 4))
  })

  it('takes fields named like parts of Object as plain fields', () => {
    const odd = struct({ ['__proto__']: u8, constructor: u8 })
    const raw = Uint8Array.of(1, 2)
    const value = decode(odd, raw)
    expect(Object.entries(value)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ])
    expect(encode(odd, value)).toEqual(raw)
  })
})

describe('one encoding per value', () => {
  it('rejects changed bytes or reads another value that has exactly these bytes', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, position, flip) => {
        const raw = encode(shape, value)
        const at = position % raw.length
        const changed = raw.map((byte, i) => (i === at ? byte ^ flip : byte))
        let other: Shape
        try {
          other = decode(shape, changed)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
          return
        }
        expect(other).not.toEqual(value)
        expect(encode(shape, other)).toEqual(changed)
      }),
      { numRuns: 2000 },
    )
  })

  it('rejects random bytes or reads a value that has exactly these bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 7, 255), array({ maxLength: 60 }), (tag, rest) => {
        const raw = concat(Uint8Array.of(tag), rest)
        let value: Shape
        try {
          value = decode(shape, raw)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
          return
        }
        expect(encode(shape, value)).toEqual(raw)
      }),
      { numRuns: 2000 },
    )
  })

  it('rejects every truncation and every extension', () => {
    fc.assert(
      fc.property(shapes, array({ minLength: 1, maxLength: 5 }), (value, more) => {
        const raw = encode(shape, value)
        for (let end = 0; end < raw.length; end++)
          expect(refused(() => decode(shape, raw.subarray(0, end)))).toBe('truncated')
        expect(refused(() => decode(shape, concat(raw, more)))).toBe('trailing')
      }),
    )
  })
})

describe('decode', () => {
  it('rejects booleans other than 0 and 1, also in options', () => {
    for (const byte of ['02', 'ff']) {
      expect(refuses(anyCodec(bool), byte)).toBe('not-canonical')
      expect(refuses(anyCodec(option(u8)), `${byte}05`)).toBe('not-canonical')
    }
  })

  it('rejects integers with leading zero bytes or beyond their size', () => {
    expect(refuses(anyCodec(uintVar(32)), '0100')).toBe('not-canonical')
    expect(refuses(anyCodec(uintVar(32)), '020001')).toBe('not-canonical')
    expect(refuses(anyCodec(uintVar(2)), '03010000')).toBe('out-of-range')
    expect(refuses(anyCodec(int53), '0020000000000000')).toBe('out-of-range')
    expect(refuses(anyCodec(int53), 'ffffffffffffffff')).toBe('out-of-range')
  })

  it('rejects lengths above the bound before it looks at the content', () => {
    expect(refuses(anyCodec(bytes(3)), '0000000401020304')).toBe('too-long')
    expect(refuses(anyCodec(text(3)), '0000000461626364')).toBe('too-long')
    expect(refuses(anyCodec(list(u8, 3)), '0000000401020304')).toBe('too-long')
    expect(refuses(anyCodec(list(u8, 3)), 'ffffffff')).toBe('too-long')
  })

  it('rejects huge lengths without allocating for them', () => {
    const huge = 2 ** 32 - 1
    const before = process.memoryUsage()
    for (let i = 0; i < 200; i++) {
      expect(refuses(anyCodec(bytes(huge)), 'fffffffe')).toBe('truncated')
      expect(refuses(anyCodec(text(huge)), 'ffffffff01')).toBe('truncated')
      expect(refuses(anyCodec(list(u64, huge)), 'ffffffff0000000000000001')).toBe('truncated')
      expect(refuses(anyCodec(list(list(u8, huge), huge)), 'ffffffffffffffff')).toBe('truncated')
    }
    const after = process.memoryUsage()
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
    expect(grown).toBeLessThan(64 * 1024 * 1024)
  })

  it('rejects unknown tags and words', () => {
    for (const tag of ['00', '02', '08', 'fe']) expect(refuses(anyCodec(shape), tag)).toBe('bad-tag')
    expect(refuses(anyCodec(word(['a', 'b'])), '02')).toBe('bad-tag')
  })

  it('rejects text that is not strict UTF-8', () => {
    const bad = ['ff', 'c080', 'c1bf', 'e08080', 'eda080', 'edbfbf', 'f4908080', 'f0808080', 'c3', '80', 'e282', '61ff']
    for (const hex of bad) {
      const size = toHex(encode(u32, hex.length / 2))
      expect(refuses(anyCodec(text(20)), size + hex)).toBe('bad-text')
    }
    expect(decode(text(20), fromHex('0000000161'))).toBe('a')
  })

  it('keeps a byte order mark, so that it cannot hide', () => {
    const raw = fromHex('00000004efbbbf61')
    expect(decode(text(20), raw)).toBe('\ufeffa')
    expect(encode(text(20), '\ufeffa')).toEqual(raw)
  })

  it('names the field', () => {
    const nested = struct({ outer: list(struct({ inner: bool }), 9) })
    expect(() => decode(nested, fromHex('000000020102'))).toThrow('outer[1].inner: a boolean is 0 or 1')
    expect(() => decode(shape, fromHex('07000000010102'))).toThrow(
      expect.objectContaining({ path: 'path.points[0].y' }),
    )
  })

  it('passes on a refusal of a mapped codec', () => {
    const even = mapped<number, number>(
      u8,
      value => value,
      value => {
        if (value % 2 === 1) throw new CodecError('out-of-range', 'odd')
        return value
      },
    )
    expect(refuses(anyCodec(even), '03')).toBe('out-of-range')
    expect(decode(even, Uint8Array.of(4))).toBe(4)
  })
})

describe('encode', () => {
  it('rejects integers outside their range', () => {
    const bad: [Codec<number>, number[]][] = [
      [u8, [-1, 256, 0.5, Number.NaN]],
      [u16, [-1, 65_536, 1e20]],
      [u32, [-1, 2 ** 32, Number.POSITIVE_INFINITY]],
      [int53, [-1, 2 ** 53, 0.1]],
    ]
    for (const [codec, values] of bad)
      for (const value of values) expect(refused(() => encode(codec, value))).toBe('out-of-range')
    for (const value of [-1n, 2n ** 64n]) expect(refused(() => encode(u64, value))).toBe('out-of-range')
    for (const value of [-1n, 2n ** 256n]) expect(refused(() => encode(uintVar(32), value))).toBe('out-of-range')
  })

  it('rejects what decode would refuse', () => {
    expect(refused(() => encode(fixed(2), Uint8Array.of(1)))).toBe('out-of-range')
    expect(refused(() => encode(fixed(2), Uint8Array.of(1, 2, 3)))).toBe('out-of-range')
    expect(refused(() => encode(bytes(1), Uint8Array.of(1, 2)))).toBe('too-long')
    expect(refused(() => encode(text(3), 'éé'))).toBe('too-long')
    expect(refused(() => encode(list(u8, 1), [1, 2]))).toBe('too-long')
    for (const lone of ['\ud800', 'a\udc00', '\udc00\ud800'])
      expect(refused(() => encode(text(9), lone))).toBe('bad-text')
  })

  it('rejects unknown variants and words', () => {
    for (const type of ['square', '__proto__', 'constructor', 'toString'])
      expect(refused(() => encode(shape as unknown as Codec<{ type: string }>, { type }))).toBe('bad-tag')
    expect(refused(() => encode(word(['a']) as Codec<string>, 'b'))).toBe('out-of-range')
  })

  it('refuses to build a union with a tag used twice', () => {
    expect(() => tagged({ a: [1, struct({})], b: [1, struct({})] })).toThrow('share a tag')
  })
})
