import { compileValidator, routes } from '@trivault/api-contract'
import { DeployerError } from '../errors.ts'
import type { ConfigProblem } from './problem.ts'
import { chainProblem, type Environment } from './rules.ts'
import type { TenantSetup } from './tenant-setup.ts'

/**
 * What is wrong with a tenant-setup.json: by the API's own schema, then by what the Policy Nodes will compare with their pins.
 * Pure.
 */
export function tenantSetupProblems(text: string, file: string, environment: Environment | undefined): ConfigProblem[] {
  const problem = (rule: ConfigProblem['rule'], field: string, message: string, remedy: string): ConfigProblem => {
    const line = lineOf(text, field)
    return { rule, file, ...(line !== undefined && { line }), field, message, remedy }
  }
  const body = parse(text)
  if (body instanceof DeployerError) return [problem('syntax', '', body.message, body.remedy)]
  const wrong = compileValidator(routes.setupDefaultTenant.body)(body)
  if (wrong.length > 0) return wrong.map(({ field, message }) => problem('form', field, message, remedyOf(field)))
  const setup = body as TenantSetup
  const problems = (setup.Assets?.CAIP2s ?? []).flatMap((caip2, index) => {
    const unsupported = chainProblem(caip2)
    return unsupported ? [problem('chain', `Assets.CAIP2s[${index}]`, unsupported.message, unsupported.remedy)] : []
  })
  if (environment === undefined) return problems
  const { founders, approvalsRequired } = environment.founding
  const listed = (setup.Users ?? []).map(({ ID }) => ID.toLowerCase())
  const wanted = founders.map(one => one.toLowerCase())
  const [extra, absent] = [listed.filter(one => !wanted.includes(one)), wanted.filter(one => !listed.includes(one))]
  if (extra.length > 0 || absent.length > 0)
    problems.push(
      problem(
        'founding',
        'Users',
        `the Users must be the founders that the Policy Nodes pin${extra.length > 0 ? `; not a founder: ${extra.join(', ')}` : ''}${absent.length > 0 ? `; missing: ${absent.join(', ')}` : ''}`,
        'list exactly founding.founders of bd-wallet.yml; other people join later',
      ),
    )
  if ((setup.ApprovalsRequired ?? 1) !== approvalsRequired)
    problems.push(
      problem(
        'founding',
        'ApprovalsRequired',
        `is ${setup.ApprovalsRequired ?? 1}, the Policy Nodes pin ${approvalsRequired}`,
        `write "ApprovalsRequired": ${approvalsRequired}, or change founding.approvalsRequired in customer-config.yml`,
      ),
    )
  return problems
}

const remedyOf = (field: string): string =>
  field.startsWith('MasterKeysAndAccounts')
    ? 'names have letters, digits, _ and single spaces between words'
    : 'see the fields of tenant-setup.json in the guide, step 7'

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : ''
    return new DeployerError('bad-config', `not JSON: ${message}`, 'look at quotes and commas of this line')
  }
}

/** The line in which the last name of a field (`Users[0].ID`) stands first; JSON has no positions of its own. */
function lineOf(text: string, field: string): number | undefined {
  const name = field
    .replace(/\[\d+\]/g, '')
    .split('.')
    .at(-1)
  const line = name ? text.split('\n').findIndex(one => one.includes(`"${name}"`)) : -1
  return line < 0 ? undefined : line + 1
}
