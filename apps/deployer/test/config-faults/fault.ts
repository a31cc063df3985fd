import type { ConfigRule } from '../../src/config/problem.ts'

/** A change of the recommended layout's customer-config.yml, and how it must be told; `at` is text of the line that is named. */
export type Fault = readonly [
  what: string,
  change: (text: string) => string,
  expected: { rule: ConfigRule; at: string; field: string; message: RegExp; remedy: RegExp },
]
export const replace = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)
export const append = (more: string) => (text: string) => `${text}${more}\n`
