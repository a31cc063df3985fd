import type { ConfigRule } from '../../src/config/problem.ts'

/** A change of the recommended layout's customer-config.yml, and how it must be told; `at` is text of the line that is named. */
export type Fault = readonly [
  what: string,
  change: (text: string) => string,
  expected: { rule: ConfigRule; at: string; field: string; message: RegExp; remedy: RegExp },
]
export const replace = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)
export const append = (more: string) => (text: string) => `${text}${more}\n`

/** Founding mode `pinned`, with a fingerprint of 64 times each digit for Ann, Bob and Cleo. */
export const pinnedKeys =
  (...digits: readonly [string, string, string]) =>
  (text: string) =>
    ['Ann', 'Bob', 'Cleo'].reduce(
      (changed, name, i) =>
        changed.replace(`name: ${name}`, `name: ${name}\n    keyFingerprint: "${digits[i]?.repeat(64)}"`),
      text.replace('founding:', 'founding:\n  mode: pinned'),
    )
