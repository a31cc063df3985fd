import { formatUnits as ethersFormat, parseUnits as ethersParse } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatUnits, parseUnits } from './units.ts'

const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })

describe('amounts', () => {
  it.each([
    ['0', 18, 0n],
    ['1', 18, 10n ** 18n],
    ['0.25', 18, 25n * 10n ** 16n],
    ['100.00', 6, 100_000_000n],
    ['0.000000000000000001', 18, 1n],
    ['7', 0, 7n],
    [(2n ** 256n - 1n).toString(), 0, 2n ** 256n - 1n],
  ])('accepts %s with %i decimals', (text, decimals, value) => expect(parseUnits(text, decimals)).toBe(value))

  it.each([
    '',
    ' ',
    '.5',
    '1.',
    '1e3',
    '1E3',
    '-1',
    '+1',
    '-0',
    '0x10',
    '1,5',
    '1_000',
    '01',
    '00',
    '00.5',
    ' 1',
    '1 ',
    '1\n',
    '1.2.3',
    'NaN',
    'Infinity',
    '١',
    '1'.repeat(200),
  ])('rejects %j', text =>
    expect(() => parseUnits(text, 18)).toThrow(expect.objectContaining({ code: 'amount_malformed' })),
  )

  it('rejects what it would have to round, even zeros', () => {
    for (const [text, decimals] of [
      ['0.1234567', 6],
      ['1.0000000', 6],
      ['1.0', 0],
    ] as const)
      expect(() => parseUnits(text, decimals)).toThrow(expect.objectContaining({ code: 'amount_too_precise' }))
  })

  it('rejects amounts beyond 256 bits', () => {
    expect(() => parseUnits((2n ** 256n).toString(), 0)).toThrow(
      expect.objectContaining({ code: 'amount_out_of_range' }),
    )
    expect(() => parseUnits('1'.repeat(70), 18)).toThrow(expect.objectContaining({ code: 'amount_out_of_range' }))
    expect(() => formatUnits(-1n, 18)).toThrow(expect.objectContaining({ code: 'amount_out_of_range' }))
  })

  it.each([-1, 78, 1.5, Number.NaN])('rejects %s decimals', decimals => {
    expect(() => parseUnits('1', decimals)).toThrow(expect.objectContaining({ code: 'amount_malformed' }))
  })

  it('round-trips and agrees with ethers', () => {
    fc.assert(
      fc.property(uint256, fc.integer({ min: 0, max: 36 }), (value, decimals) => {
        const text = formatUnits(value, decimals)
        expect(parseUnits(text, decimals)).toBe(value)
        expect(ethersParse(text, decimals)).toBe(value)
        expect(ethersFormat(value, decimals).replace(/\.0$/, '')).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })
})
