import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CodecError,
  compareBytes,
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from './index.ts'

const raw = fc.uint8Array({ maxLength: 100 }).map(value => Uint8Array.from(value))

describe('hex', () => {
  it('gives back every byte string, with prefix and in either case', () => {
    fc.assert(
      fc.property(raw, value => {
        const hex = toHex(value)
        expect(hex).toBe(Buffer.from(value).toString('hex'))
        for (const text of [hex, `0x${hex}`, hex.toUpperCase()]) expect(fromHex(text)).toEqual(value)
      }),
    )
  })

  it('rejects everything else', () => {
    for (const text of ['0', 'abc', '0x0', 'zz', ' 00', '00 ', '00\n', '0x0x00', '0X00', '-1', '+1', '１２', '0b0g'])
      expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'bad-hex' }))
  })
})

describe('base64', () => {
  it('gives back every byte string', () => {
    fc.assert(
      fc.property(raw, value => {
        expect(toBase64(value)).toBe(Buffer.from(value).toString('base64'))
        expect(fromBase64(toBase64(value))).toEqual(value)
        expect(toBase64Url(value)).toBe(Buffer.from(value).toString('base64url'))
      }),
    )
    const large = new Uint8Array(200_000).map((_, i) => i * 7)
    expect(fromBase64(toBase64(large))).toEqual(large)
  })

  it('rejects white space, missing or surplus padding, unused bits, other alphabets', () => {
    const bad = [
      'YQ',
      'YQ=',
      'YQ===',
      ' YQ==',
      'YQ==\n',
      'Y Q==',
      'YR==',
      'YWJ=',
      'YWI',
      '_-8=',
      'Y!==',
      '=',
      '====',
      'A',
    ]
    for (const text of bad) expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: 'bad-base64' }))
  })

  it('has one text per byte string', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQgwYz+/=- \n'), maxLength: 8 }), text => {
        try {
          expect(toBase64(fromBase64(text))).toBe(text)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
      }),
    )
  })
})

describe('utf8', () => {
  it('gives back every well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(fromUtf8(utf8(text))).toBe(text)
      }),
    )
  })

  it('rejects lone surrogates and malformed bytes, and is none the worse for it', () => {
    expect(() => utf8('\ud83d')).toThrow(expect.objectContaining({ code: 'bad-text' }))
    for (const hex of ['ff', 'eda080', 'f0', 'e282']) {
      expect(() => fromUtf8(fromHex(hex))).toThrow(expect.objectContaining({ code: 'bad-text' }))
      expect(fromUtf8(utf8('€'))).toBe('€')
    }
  })
})

describe('compare', () => {
  it('agrees with the byte order of an independent implementation', () => {
    fc.assert(
      fc.property(raw, raw, (a, b) => {
        expect(compareBytes(a, b)).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(equalBytes(a, Uint8Array.from(a))).toBe(true)
      }),
    )
  })

  it('tells arrays apart that differ in one bit or in length', () => {
    fc.assert(
      fc.property(raw, fc.nat(), fc.nat(7), (a, position, bit) => {
        const at = position % Math.max(1, a.length)
        if (a.length > 0)
          expect(
            equalBytes(
              a,
              a.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte)),
            ),
          ).toBe(false)
        expect(equalBytes(a, concat(a, Uint8Array.of(0)))).toBe(false)
      }),
    )
  })

  it('joins', () => {
    expect(concat()).toEqual(new Uint8Array())
    expect(concat(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3))
  })
})
