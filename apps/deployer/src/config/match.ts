import type { Settings, VariableName } from '../settings.ts'
import { BD_WALLET, readBdWallet } from './bd-wallet.ts'
import { readCustomerConfig } from './customer-config.ts'
import type { ConfigProblem } from './problem.ts'
import { readYaml } from './yaml.ts'

const pairs: readonly (readonly [VariableName, 'namespace' | 'environment' | 'region'])[] = [
  ['NAMESPACE', 'namespace'],
  ['ENV_PREFIX', 'environment'],
  ['AWS_REGION', 'region'],
]

/** Where a Makefile variable and one of the two YAML files name different environments, and what is wrong with the file. */
export function checkVariables(file: string, text: string, settings: Settings): ConfigProblem[] {
  const { environment, problems } = file === BD_WALLET ? readBdWallet(text, file) : readCustomerConfig(text, file)
  if (environment === undefined) return [...problems]
  const { lineOf } = readYaml(file, text, {})
  const mismatch = (name: VariableName, field: string, message: string, remedy: string): ConfigProblem[] => {
    const line = lineOf(field.split('.'))
    return [
      { rule: 'mismatch', file, ...(line !== undefined && { line }), field, message: `${name}=${message}`, remedy },
    ]
  }
  const found = pairs.flatMap(([name, field]) => {
    const value = settings.require(name)
    if (value === environment[field]) return []
    return mismatch(
      name,
      field,
      `${value}, but ${file} says ${field}: ${environment[field]}`,
      `export ${name}=${environment[field]}, or work in the directory of ${value}`,
    )
  })
  const url = settings.get('BACKEND_API_PATH')
  if (url === undefined || url.replace(/\/$/, '') === `https://${environment.hosts.api}`) return found
  return [
    ...found,
    ...mismatch(
      'BACKEND_API_PATH',
      'hosts.api',
      `${url}, but the API will be at ${environment.hosts.api}`,
      `export BACKEND_API_PATH=https://${environment.hosts.api}`,
    ),
  ]
}
