import type { Caller } from './aws.ts'
import { checkEnvironment } from './config/index.ts'
import type { Context } from './context.ts'
import { DeployerError } from './errors.ts'
import type { Deployment } from './model.ts'
import { accountOf, type Role, roles, rolesOf, roleTitles } from './roles.ts'
import { type Target, targets } from './targets.ts'

/** The checks before every command. Throws `DeployerError` with what is wrong and what to do. */
export async function beforeCommand(context: Context, name: string): Promise<void> {
  const target = targets[name]
  if (target === undefined) return
  for (const variable of target.variables ?? []) context.settings.require(variable)
  if (target.needs === 'nothing') return
  if (target.needs !== 'account') checkEnvironment(context.cwd, context.settings)
  if (target.needs === 'files') return
  const caller = await context.caller()
  refuseRoot(caller)
  if (target.needs === 'account') refuseOtherRoles(name, target, context.deployment(), caller, declaredRole(context))
}

/** ROLE, if set. Throws `DeployerError` bad-config for a word that is none. */
export function declaredRole({ settings }: Pick<Context, 'settings'>): Role | undefined {
  const word = settings.get('ROLE')
  const role = roles.find(one => one === word)
  if (word === undefined || role !== undefined) return role
  throw new DeployerError('usage', `ROLE=${word} is no role`, `use one of ${roles.join(', ')}`)
}

export function refuseRoot({ account, arn }: Caller): void {
  if (arn.endsWith(':root'))
    throw new DeployerError(
      'root-user',
      `this is the root user of account ${account} (${arn})`,
      'sign in with an IAM role or user of your own; keep the root user locked away',
    )
}

/** A step of another role is refused, and the right one is named. */
export function refuseOtherRoles(
  name: string,
  target: Pick<Target, 'roles'>,
  deployment: Deployment,
  caller: Caller,
  declared: Role | undefined,
): void {
  const mine = rolesOf(deployment, caller.account)
  const runs = target.roles.map(role => `the ${roleTitles[role]} (account ${accountOf(deployment, role)})`).join(' or ')
  if (mine.length === 0)
    throw new DeployerError(
      'wrong-account',
      `account ${caller.account} has no part in ${deployment.namespace} ${deployment.environment}`,
      `sign in to the account of your role; ${name} is run by ${runs}`,
    )
  const able = target.roles.filter(role => mine.includes(role))
  if (able.length === 0 || (declared !== undefined && !target.roles.includes(declared)))
    throw new DeployerError(
      'wrong-role',
      `${name} is a step of ${runs}; you are ${declared === undefined ? mine.map(role => `the ${roleTitles[role]}`).join(' and ') : `the ${roleTitles[declared]}`} in account ${caller.account}`,
      `leave it to ${runs}; \`make my-steps ROLE=${declared ?? mine[0]}\` lists yours`,
    )
  if (declared !== undefined && !mine.includes(declared))
    throw new DeployerError(
      'wrong-account',
      `ROLE=${declared} works in account ${accountOf(deployment, declared)}, you are signed in to ${caller.account}`,
      `sign in to ${accountOf(deployment, declared)}, or set ROLE to one of ${mine.join(', ')}`,
    )
}
