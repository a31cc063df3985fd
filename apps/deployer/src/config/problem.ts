import { DeployerError } from '../errors.ts'

/** Which rule a configuration breaks; tests and scripts go by this word. */
export type ConfigRule =
  | 'syntax'
  | 'tab'
  | 'duplicate-key'
  | 'unknown-key'
  | 'missing-key'
  | 'type'
  | 'form'
  | 'layout'
  | 'host'
  | 'zone'
  | 'testnet'
  | 'person'
  | 'founding'
  | 'network'
  | 'chain'
  | 'tag'
  | 'not-in-this-release'
  | 'mismatch'

/** What is wrong with one field of a file, and what to do about it. */
export interface ConfigProblem {
  readonly rule: ConfigRule
  readonly file: string
  /** From 1; absent when the file as a whole is meant. */
  readonly line?: number
  /** Such as `accounts.policyNode1`; empty for the whole file. */
  readonly field: string
  readonly message: string
  readonly remedy: string
}

/** One error for all problems of a file. */
export function configError(problems: readonly ConfigProblem[]): DeployerError {
  const [first, ...others] = problems.map(({ rule, file, line, field, message, remedy }) => {
    const code =
      rule === 'not-in-this-release' ? 'not-in-this-release' : rule === 'mismatch' ? 'mismatch' : 'bad-config'
    const place = { file, ...(line !== undefined && { line }), ...(field !== '' && { field }) }
    return new DeployerError(code, message, remedy, { place })
  })
  if (first === undefined) return new DeployerError('failed', 'no problem to tell', 'report this')
  return others.length === 0 ? first : first.with(others)
}
