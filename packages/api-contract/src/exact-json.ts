/** JSON number fields that are amounts of money or rates: always read and written by their decimal text. */
const decimalFields = ['Above', 'Limit', 'USDRate', 'USDMin', 'USDMax'] as const
type DecimalField = (typeof decimalFields)[number]

/** `T` with every decimal number field as plain decimal text. */
export type Exact<T> = T extends readonly (infer I)[]
  ? Exact<I>[]
  : T extends object
    ? { [K in keyof T]: K extends DecimalField ? (T[K] extends number ? string : string | undefined) : Exact<T[K]> }
    : T

const isDecimalField = (key: string): boolean => (decimalFields as readonly string[]).includes(key)

// ECMAScript 2025 "JSON.parse source text access", not yet in TypeScript's library.
type SourceTextJson = {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
  rawJSON(text: string): object
}
const json = JSON as unknown as SourceTextJson

/** Parses JSON like JSON.parse, but keeps decimal fields as plain decimal text. @throws SyntaxError */
export const parseExact = (text: string): unknown =>
  json.parse(text, (key, value, { source }) =>
    typeof value === 'number' && source !== undefined && isDecimalField(key) ? plainDecimal(source) : value,
  )

/** The reverse of parseExact: decimal text in a decimal field is written as a JSON number of the same digits. */
export const stringifyExact = (value: unknown): string =>
  JSON.stringify(value, (key, field: unknown) =>
    typeof field === 'string' && isDecimalField(key) ? json.rawJSON(field) : field,
  )

/**
 * Rewrites a JSON number without exponent, plus zeros or sign of zero: `1.50e-3` → `0.0015`.
 * @throws RangeError when the exponent is beyond ±400.
 */
export function plainDecimal(source: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source)
  if (!match) throw new RangeError('not a JSON number')
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match
  const exponent = Number(exponentText)
  if (Math.abs(exponent) > 400) throw new RangeError('exponent too large')
  const digits = whole + fraction
  const point = whole.length + exponent
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0')
  const split = Math.max(point, 1)
  const integer = padded.slice(0, split).replace(/^0+(?=\d)/, '')
  const decimals = padded.slice(split).replace(/0+$/, '')
  const plain = decimals ? `${integer}.${decimals}` : integer
  return plain === '0' ? '0' : sign + plain
}
