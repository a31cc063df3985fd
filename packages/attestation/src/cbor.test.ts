import { Encoder } from 'cbor-x'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cbor, decodeCbor, encodeCbor } from './cbor.ts'

const oracle = new Encoder({ mapsAsObjects: false, tagUint8Array: false, useRecords: false, variableMapSize: true })
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

const { value } = fc.letrec<{ value: Cbor }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.integer({ min: -0x80000000, max: 0xffffffff }),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(fc.oneof(fc.nat(), fc.string()), tie('value')), { maxLength: 5 }).map(pairs => new Map(pairs)),
  ),
}))

/** Byte strings come back from the oracle as Buffers. */
const plain = (item: unknown): unknown => {
  if (item instanceof Uint8Array) return Buffer.from(item)
  if (item instanceof Map) return new Map([...item].map(([key, inner]) => [key, plain(inner)]))
  return Array.isArray(item) ? item.map(plain) : item
}

describe('CBOR', () => {
  it('reads back what it wrote, and so does an independent decoder', () => {
    fc.assert(
      fc.property(value, item => {
        const bytes = encodeCbor(item)
        expect(decodeCbor(bytes)).toEqual(item)
        expect(plain(oracle.decode(bytes))).toEqual(plain(item))
      }),
      { numRuns: 500 },
    )
  })

  it('writes integers as RFC 8949, appendix A', () => {
    const vectors: [number, string][] = [
      [0, '00'],
      [23, '17'],
      [24, '1818'],
      [255, '18ff'],
      [256, '190100'],
      [65_536, '1a00010000'],
      [1_000_000_000_000, '1b000000e8d4a51000'],
      [-1, '20'],
      [-35, '3822'],
      [-1000, '3903e7'],
    ]
    for (const [number, bytes] of vectors) {
      expect(Buffer.from(encodeCbor(number)).toString('hex')).toBe(bytes)
      expect(decodeCbor(hex(bytes))).toBe(number)
    }
  })

  it.each([
    ['', 'nothing'],
    ['18', 'a cut integer'],
    ['1817', 'an integer not in its shortest form'],
    ['1900ff', 'another'],
    ['1b00000000ffffffff', 'another'],
    ['1bffffffffffffffff', 'an integer beyond 2^53'],
    ['42aa', 'a cut byte string'],
    ['5affffffff', 'a byte string longer than the input'],
    ['5f41aa41bbff', 'a byte string of indefinite length'],
    ['7f6161ff', 'a text of indefinite length'],
    ['9f01ff', 'an array of indefinite length'],
    ['9a7fffffff', 'an array longer than the input'],
    ['61ff', 'text that is not UTF-8'],
    ['a201010102', 'a map with a key twice'],
    ['bf01010102ff', 'the same of indefinite length'],
    ['bf0101', 'a map without its end'],
    ['bf01ff', 'a map with half a pair'],
    ['a1410102', 'a map with a byte string as key'],
    ['ff', 'a break by itself'],
    ['f5', 'true'],
    ['f93c00', 'a float'],
    ['c11a514b67b0', 'another tag'],
    ['81d280', 'tag 18 inside'],
    ['0000', 'bytes after the end'],
    ['81'.repeat(20), 'deep nesting'],
  ])('refuses %s: %s', bytes => {
    expect(() => decodeCbor(hex(bytes))).toThrow(expect.objectContaining({ code: 'malformed-document' }))
  })

  it('takes a map of indefinite length and an outer tag 18', () => {
    expect(decodeCbor(hex('bf61610161620261630fff'))).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
        ['c', 15],
      ]),
    )
    expect(decodeCbor(hex('d28101'))).toEqual([1])
  })
})
