/** A non-negative decimal as an exact fraction: `units` / 10^`scale`. */
export interface Decimal {
  units: bigint
  scale: number
}

const plain = /^\d{1,80}(\.\d{1,80})?$/

/** Reads plain decimal text. Throws `RangeError` on anything else (sign, exponent, empty). */
export function parseDecimal(text: string): Decimal {
  if (!plain.test(text)) throw new RangeError(`not a plain decimal: ${text.slice(0, 100)}`)
  const [whole = '', fraction = ''] = text.split('.')
  return { units: BigInt(whole + fraction), scale: fraction.length }
}

/** An amount in an asset's smallest unit. Throws `RangeError` on a negative amount or absurd decimals. */
export function amountOf(amount: bigint, decimals: number): Decimal {
  if (typeof amount !== 'bigint' || amount < 0n) throw new RangeError('an amount is a non-negative bigint')
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 255) throw new RangeError('decimals are 0 to 255')
  return { units: amount, scale: decimals }
}

export const zero: Decimal = { units: 0n, scale: 0 }

/** Exactly, at the finer of both scales. */
export function plus(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  const at = ({ units, scale: own }: Decimal): bigint => units * 10n ** BigInt(scale - own)
  return { units: at(a) + at(b), scale }
}

export function times(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale }
}

/** a > b, exactly. */
export function exceeds(a: Decimal, b: Decimal): boolean {
  return a.units * 10n ** BigInt(b.scale) > b.units * 10n ** BigInt(a.scale)
}
