/** Minor units as a decimal in major units, without trailing zeros. */
export function formatUnits(units: bigint, decimals: number): string {
  const digits = units.toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const rest = digits.slice(digits.length - decimals).replace(/0+$/, '')
  return rest === '' ? whole : `${whole}.${rest}`
}

/** Is it an amount as the API takes it: a positive decimal without sign or exponent? */
export const isAmount = (text: string): boolean =>
  /^(?:0|[1-9][0-9]{0,77})(?:\.[0-9]{1,36})?$/.test(text) && /[1-9]/.test(text)

/** A decimal of gwei as whole wei; undefined when it is none. */
export function weiOfGwei(text: string): string | undefined {
  const match = /^(\d{1,20})(?:\.(\d{1,9}))?$/.exec(text.trim())
  if (match === null) return undefined
  return BigInt((match[1] ?? '') + (match[2] ?? '').padEnd(9, '0')).toString()
}

/** US dollars to the cent; what is below one cent says so. */
export function dollars(text: string): string {
  if (text === '') return ''
  const value = Number(text)
  if (value > 0 && value < 0.01) return 'below $ 0.01'
  return `$ ${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
}

/** What an account is worth at the vault's rates; empty when none of what it holds has one. */
export const worthOf = (account: {
  readonly Assets: readonly { readonly USDAmount?: string }[]
  readonly Balance: { readonly OnChainUSD: string }
}): string =>
  account.Assets.some(({ USDAmount }) => USDAmount !== undefined) ? dollars(account.Balance.OnChainUSD) : ''
