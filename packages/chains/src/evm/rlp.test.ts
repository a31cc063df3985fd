import { fromHex, toHex, utf8 } from '@trivault/codec'
import { decodeRlp as ethersDecode, encodeRlp as ethersEncode } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatHex } from '../hex.ts'
import { decodeRlp, encodeRlp, type Rlp } from './rlp.ts'

type HexItem = string | HexItem[]
const asHex = (item: Rlp): HexItem => (item instanceof Uint8Array ? formatHex(item) : item.map(asHex))

const { tree } = fc.letrec<{ tree: Rlp; leaf: Uint8Array; branch: Rlp[] }>(tie => ({
  tree: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('branch')),
  leaf: fc.uint8Array({ maxLength: 300 }),
  branch: fc.array(tie('tree'), { maxLength: 6 }),
}))

describe('RLP', () => {
  it.each<[Rlp, string]>([
    [utf8('dog'), '83646f67'],
    [[utf8('cat'), utf8('dog')], 'c88363617483646f67'],
    [new Uint8Array(0), '80'],
    [[], 'c0'],
    [Uint8Array.of(0), '00'],
    [Uint8Array.of(0x7f), '7f'],
    [Uint8Array.of(0x80), '8180'],
    [Uint8Array.of(4, 0), '820400'],
    [[[], [[]], [[], [[]]]], 'c7c0c1c0c3c0c1c0'],
    [
      utf8('Lorem ipsum dolor sit amet, consectetur adipisicing elit'),
      `b838${toHex(utf8('Lorem ipsum dolor sit amet, consectetur adipisicing elit'))}`,
    ],
  ])('agrees with the Yellow Paper (%#)', (item, hex) => {
    expect(toHex(encodeRlp(item))).toBe(hex)
    expect(decodeRlp(fromHex(hex))).toEqual(item)
  })

  it('agrees with ethers on random trees', () => {
    fc.assert(
      fc.property(tree, item => {
        const bytes = encodeRlp(item)
        expect(formatHex(bytes)).toBe(ethersEncode(asHex(item)))
        expect(decodeRlp(bytes)).toEqual(item)
      }),
      { numRuns: 1000 },
    )
  })

  it('takes nothing that it would not write, and reads the rest as ethers does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, asList) => {
        const input = asList && bytes.length < 56 ? Uint8Array.of(0xc0 + bytes.length, ...bytes) : bytes
        let item: Rlp
        try {
          item = decodeRlp(input)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^rlp_/) })
          return
        }
        expect(encodeRlp(item)).toEqual(input)
        expect(ethersDecode(formatHex(input))).toEqual(asHex(item))
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ['nothing', '', 'rlp_malformed'],
    ['trailing bytes', '8000', 'rlp_malformed'],
    ['a cut string', '83646f', 'rlp_malformed'],
    ['a cut list', 'c88363617483646f', 'rlp_malformed'],
    ['a cut length', 'b9', 'rlp_malformed'],
    ['an item beyond its list', 'c283646f67', 'rlp_malformed'],
    ['a byte below 0x80 with a prefix', '8105', 'rlp_not_canonical'],
    ['zero with a prefix', '8100', 'rlp_not_canonical'],
    ['a short string in long form', `b803${'646f67'}`, 'rlp_not_canonical'],
    ['a short list in long form', 'f800', 'rlp_not_canonical'],
    ['a length with leading zero', `b90038${'00'.repeat(56)}`, 'rlp_not_canonical'],
    ['a list length with leading zero', `f90038${'00'.repeat(56)}`, 'rlp_not_canonical'],
    ['a length of eight bytes', 'bfffffffffffffffff', 'rlp_malformed'],
    ['a list length of eight bytes', 'ffffffffffffffffff', 'rlp_malformed'],
    ['lists nested too deeply', 'c6c5c4c3c2c1c0', 'rlp_malformed'],
  ])('rejects %s', (_, hex, code) => {
    expect(() => decodeRlp(fromHex(hex))).toThrow(expect.objectContaining({ code }))
  })
})
