import { describe, expect, it } from 'vitest'
import { feeCeiling, feeFields } from './fee.tsx'
import { dollars, formatUnits, isAmount, weiOfGwei, worthOf } from './units.ts'

describe('amounts', () => {
  it('become decimals without losing a digit', () => {
    expect(formatUnits(126_000_000_000_000n, 18)).toBe('0.000126')
    expect(formatUnits(1n, 18)).toBe('0.000000000000000001')
    expect(formatUnits(10n ** 20n, 18)).toBe('100')
    expect(formatUnits(7n, 0)).toBe('7')
  })

  it.each(['0', '0.0', '-1', '1e3', '01', '1.', '.5', '1,5', ' 1', ''])('%j is none that can be sent', text => {
    expect(isAmount(text)).toBe(false)
  })

  it('are told in dollars to the cent, and never as nothing', () => {
    expect(dollars('1234.5')).toBe('$ 1,234.50')
    expect(dollars('0.001')).toBe('below $ 0.01')
    expect(dollars('')).toBe('')
    expect(worthOf({ Assets: [{}], Balance: { OnChainUSD: '0' } })).toBe('')
    expect(worthOf({ Assets: [{ USDAmount: '2' }, {}], Balance: { OnChainUSD: '2' } })).toBe('$ 2.00')
  })
})

describe('fees', () => {
  const proposal = { maxFee: 3n, tip: 1n }

  it('are the proposal, twice the proposal, or what was typed', () => {
    const fee = { choice: 'standard', maxFee: '1.5', tip: '0.000000001' } as const
    expect(feeFields(fee, undefined)).toEqual({})
    expect(feeFields({ ...fee, choice: 'higher' }, proposal)).toEqual({ MaxFeePerGas: '6', MaxPriorityFeePerGas: '2' })
    expect(feeFields({ ...fee, choice: 'higher' }, undefined)).toBeUndefined()
    expect(feeFields({ ...fee, choice: 'own' }, undefined)).toEqual({
      MaxFeePerGas: '1500000000',
      MaxPriorityFeePerGas: '1',
    })
  })

  it.each([
    ['1', '2'],
    ['', '0'],
    ['1.0000000001', '0'],
    ['-1', '0'],
    ['1e3', '0'],
  ])('of %j with a tip of %j are none', (maxFee, tip) => {
    expect(feeFields({ choice: 'own', maxFee, tip }, proposal)).toBeUndefined()
  })

  it('have a ceiling of gas times price', () => {
    expect(feeCeiling({ Gas: '21000', MaxFeePerGas: weiOfGwei('6') ?? '' })).toBe('0.000126')
    expect(feeCeiling({ Gas: '21000' })).toBeUndefined()
  })
})
