import { ChainError } from './errors.ts'

const maxDigits = 78 // 2^256 has 78 decimal digits
const maxAmount = (1n << 256n) - 1n

/**
 * Smallest units of a plain decimal in major units, e.g. ("0.25", 18) → 250000000000000000n.
 * No sign, exponent, blank, leading zero or bare point. Fraction digits beyond `decimals` are refused even when they are
 * zero: nothing is rounded, and one amount of one asset has few spellings.
 * Throws `ChainError` amount_malformed, amount_too_precise, amount_out_of_range (above 2^256 - 1).
 */
export function parseUnits(text: string, decimals: number): bigint {
  checkDecimals(decimals)
  const match = text.length <= 2 * maxDigits ? /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/.exec(text) : null
  if (match === null)
    throw new ChainError('amount_malformed', 'an amount is a plain decimal such as 0.25, without sign or exponent')
  const fraction = match[2] ?? ''
  if (fraction.length > decimals)
    throw new ChainError('amount_too_precise', `the asset has ${decimals} decimals, the amount has ${fraction.length}`)
  const value = BigInt(`${match[1]}${fraction.padEnd(decimals, '0')}`)
  if (value > maxAmount) throw new ChainError('amount_out_of_range', 'the amount is above 2^256 - 1 smallest units')
  return value
}

/** The shortest plain decimal in major units, e.g. (250000000000000000n, 18) → "0.25". Throws amount_out_of_range. */
export function formatUnits(value: bigint, decimals: number): string {
  checkDecimals(decimals)
  if (value < 0n) throw new ChainError('amount_out_of_range', 'an amount is not negative')
  const digits = value.toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** Decimals of an asset: 0 to 77, so that one unit fits 256 bits. */
export function checkDecimals(decimals: number): void {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 77)
    throw new ChainError('amount_malformed', 'decimals are an integer from 0 to 77')
}
