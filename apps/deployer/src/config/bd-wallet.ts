import { stringify } from 'yaml'
import { deploymentSchema } from './bd-wallet-schema.ts'
import type { ConfigProblem } from './problem.ts'
import { type Environment, ruleProblems } from './rules.ts'
import { fieldName, readYaml } from './yaml.ts'

export const BD_WALLET = 'bd-wallet.yml'

const head = `# One environment in full: stacks, conf files and checks read this file and no other.
# Made from customer-config.yml by \`make generate-customer-assets\`, which keeps what you change here. Change namespace, environment, region,
# accounts and zones in customer-config.yml.
`

/** The same environment gives the same bytes. */
export const writeBdWallet = (environment: Environment): string =>
  head + stringify(environment, { lineWidth: 0, defaultStringType: 'PLAIN', defaultKeyType: 'PLAIN' })

/** Parses and checks; `environment` is there only without problems. Pure. */
export function readBdWallet(
  text: string,
  file = BD_WALLET,
): { readonly environment?: Environment; readonly problems: readonly ConfigProblem[] } {
  const { value, problems, lineOf } = readYaml<Environment>(file, text, deploymentSchema)
  if (value === undefined) return { problems }
  const found = ruleProblems(value)
  if (found.length === 0) return { environment: value, problems: [] }
  return {
    problems: found.map(({ path, ...problem }) => {
      const line = lineOf(path)
      return { ...problem, file, ...(line !== undefined && { line }), field: fieldName(path) }
    }),
  }
}
