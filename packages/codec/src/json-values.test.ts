import { describe, expect, it } from 'vitest'
import { CodecError, decodeJson, type Json, json, utf8 } from './index.ts'

/** The code of the refusal of `text`. */
function one(item: Json<unknown>, text: string): string | undefined {
  try {
    decodeJson(item, utf8(text))
    return undefined
  } catch (error) {
    if (error instanceof CodecError) return error.code
    throw error
  }
}

describe('numbers', () => {
  it('reject everything but plain decimals', () => {
    const bad = [
      '1.50',
      '0.0',
      '1.',
      '.5',
      '01',
      '00',
      '-1',
      '-0',
      '+1',
      '1e3',
      '1E3',
      '1e-3',
      '0x10',
      '1_000',
      'NaN',
      'Infinity',
      '"1"',
      'true',
      '[1]',
      '{"text":"1"}',
      '9'.repeat(81),
    ]
    for (const text of bad) expect(one(json.decimal, text)).toBe('bad-json')
    for (const text of ['0', '0.1', '10', '1.05', '9'.repeat(80)]) expect(one(json.decimal, text)).toBeUndefined()
    for (const text of ['1.50', '', '-1', '1e3', ' 1']) expect(() => json.decimal.write(text)).toThrow(CodecError)
  })

  it('reject everything but bounded integers', () => {
    for (const text of ['1.0', '0.5', '-1', '-0', '1e0', '01', '11', '"1"', 'null', '9'.repeat(400)])
      expect(one(json.integer(10), text)).toBe('bad-json')
    for (const text of ['9007199254740992', '9007199254740993', '99999999999999999'])
      expect(one(json.integer(), text)).toBe('bad-json')
    expect(one(json.integer(), '9007199254740991')).toBeUndefined()
    for (const value of [-1, 0.5, 11, Number.NaN]) expect(() => json.integer(10).write(value)).toThrow(CodecError)
  })
})

describe('strings', () => {
  it('reject control, line-separating, bidirectional and byte-order characters, raw or escaped', () => {
    const bad = [
      0, 1, 9, 10, 13, 0x1f, 0x7f, 0x80, 0x85, 0x9f, 0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066,
      0x2069, 0xfeff,
    ]
    for (const point of bad) {
      const char = String.fromCodePoint(point)
      const escaped = `\\u${point.toString(16).padStart(4, '0')}`
      expect(one(json.string(), `"a${char}b"`)).toBe('bad-json')
      expect(one(json.string(), `"a${escaped}b"`)).toBe('bad-json')
      expect(() => json.string().write(`a${char}b`)).toThrow(CodecError)
    }
  })

  it('reject lone surrogates', () => {
    for (const text of ['"\\ud800"', '"\\udc00a"', '"\\ude00\\ud83d"'])
      expect(one(json.string(), text)).toBe('bad-json')
    expect(() => json.string().write('\ud800')).toThrow(CodecError)
    expect(() => decodeJson(json.string(), Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toThrow(
      expect.objectContaining({ code: 'bad-text' }),
    )
  })

  it('reject what is too long, of another pattern or another word', () => {
    expect(one(json.string({ max: 2 }), '"abc"')).toBe('bad-json')
    expect(one(json.string({ pattern: /^[a-z]+$/ }), '"aB"')).toBe('bad-json')
    expect(one(json.oneOf(['a', 'b']), '"c"')).toBe('bad-json')
    expect(() => json.oneOf(['a']).write('b' as 'a')).toThrow(CodecError)
    for (const text of ['1', 'null', '[]', '{}', 'true']) expect(one(json.string(), text)).toBe('bad-json')
  })
})

describe('arrays, maps, refinements', () => {
  it('reject too few or too many', () => {
    const pair = json.array(json.integer(9), { min: 2, max: 3 })
    expect(one(pair, '[1]')).toBe('bad-json')
    expect(one(pair, '[1,2,3,4]')).toBe('bad-json')
    expect(one(pair, '{"0":1,"1":2}')).toBe('bad-json')
    expect(one(pair, '[1,2]')).toBeUndefined()
    const map = json.map(json.string({ max: 1 }), json.integer(9), 1)
    expect(one(map, '{"a":1,"b":2}')).toBe('bad-json')
    expect(one(map, '{"ab":1}')).toBe('bad-json')
    expect(one(map, '[]')).toBe('bad-json')
    expect(() =>
      map.write(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ),
    ).toThrow(CodecError)
  })

  it('reject what the test of a refinement refuses, read or written', () => {
    const even = json.refine(json.integer(), value => (value % 2 === 0 ? undefined : 'even expected'))
    expect(one(even, '3')).toBe('bad-json')
    expect(() => even.write(3)).toThrow('even expected')
    expect(one(even, '4')).toBeUndefined()
  })
})
