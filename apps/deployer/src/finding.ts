/** One line of `preflight`: `ok`, `warn` (it may hurt later) or `fail` (a target would stop here). */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail'
  readonly check: string
  readonly message: string
  readonly remedy?: string
}
