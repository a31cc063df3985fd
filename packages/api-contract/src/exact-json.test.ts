import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseExact, plainDecimal, stringifyExact } from './exact-json.ts'

describe('plainDecimal', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['0e5', '0'],
    ['1', '1'],
    ['10', '10'],
    ['1.50', '1.5'],
    ['1e3', '1000'],
    ['1E+3', '1000'],
    ['1.25e1', '12.5'],
    ['1.25e2', '125'],
    ['1.50e-3', '0.0015'],
    ['12.5e-1', '1.25'],
    ['125e-3', '0.125'],
    ['-2.5e-2', '-0.025'],
    ['0.10000000000000000001', '0.10000000000000000001'],
  ])('%s is %s', (source, plain) => expect(plainDecimal(source)).toBe(plain))

  it('names the same number as the source, for every double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
        const plain = plainDecimal(JSON.stringify(value))
        expect(plain).toMatch(/^(-(?!0$))?(0|[1-9]\d*)(\.\d*[1-9])?$/)
        expect(Number(plain) === value).toBe(true)
      }),
    )
  })

  it.each(['', '1.', '.5', '+1', '1e', 'NaN', '0x1', '1e401', '1e-401'])('refuses %j', source => {
    expect(() => plainDecimal(source)).toThrow(RangeError)
  })
})

describe('exact JSON', () => {
  const text =
    '{"Add":{"Amount":{"Above":0.30000000000000000001,"Currency":"USD"}},"Decimals":18,"list":[{"USDMax":1e2}]}'

  it('keeps decimals as text and leaves other numbers alone', () => {
    expect(parseExact(text)).toEqual({
      Add: { Amount: { Above: '0.30000000000000000001', Currency: 'USD' } },
      Decimals: 18,
      list: [{ USDMax: '100' }],
    })
  })

  it('writes them back as numbers', () => {
    expect(stringifyExact(parseExact(text))).toBe(text.replace('1e2', '100'))
  })

  it('refuses to write text that is no number', () => {
    for (const bad of ['', '1,0', 'abc', '{"a":1}', ' 1']) expect(() => stringifyExact({ Above: bad })).toThrow()
  })

  it('reads everything else as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), json => {
        expect(parseExact(json)).toEqual(JSON.parse(json))
      }),
    )
  })
})
