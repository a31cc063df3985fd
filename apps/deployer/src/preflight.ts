import type { Caller } from './aws.ts'
import { fieldsDue } from './config/assets.ts'
import { BD_WALLET, readBdWallet } from './config/bd-wallet.ts'
import { checkEnvironment, readIfThere } from './config/index.ts'
import { separated } from './config/rules.ts'
import type { Context } from './context.ts'
import { DeployerError } from './errors.ts'
import type { Deployment } from './model.ts'
import { dueText, noSeparation } from './notices.ts'
import { accountOf, type Role, roles, rolesOf, roleTitles } from './roles.ts'
import { type Target, targets } from './targets.ts'

/** The checks before every command. Throws `DeployerError` with what is wrong and what to do. */
export async function beforeCommand(context: Context, name: string): Promise<void> {
  const target = targets[name]
  if (target === undefined) return
  const declared = declaredRole(context)
  if (declared !== undefined && !target.roles.includes(declared)) refuseDeclared(name, target, declared)
  for (const variable of target.variables ?? []) context.settings.require(variable)
  if (target.needs === 'nothing') return
  // The template that comes with the bundle is nobody's environment yet.
  if (target.needs === 'caller') checkEnvironment(context.cwd, context.settings, [BD_WALLET])
  else {
    checkEnvironment(context.cwd, context.settings)
    warnAboutFiles(context)
  }
  if (target.needs === 'files') return
  const caller = await context.caller()
  refuseRoot(caller)
  if (target.needs !== 'account') return
  const deployment = context.deployment()
  const acting = refuseOtherRoles(name, target, deployment, caller, declared)
  const { namespace, environment, region } = deployment
  const who = acting.map(role => roleTitles[role]).join(' and ')
  context.out.note(`${name}: ${who} in account ${caller.account}, ${namespace} ${environment} in ${region}`)
}

/** What stops nothing and must be seen at every run. */
function warnAboutFiles({ cwd, out, file }: Context): void {
  const due = fieldsDue(cwd)
  if (due.length > 0) {
    const { message, remedy } = dueText(due)
    out.warn(`! ${message} → ${remedy}`)
  }
  const environment = readBdWallet(readIfThere(file(BD_WALLET)) ?? '').environment
  if (environment !== undefined && !separated(environment)) out.warn(`! ${noSeparation.message}`)
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

/** Needs no file and no AWS: who says who they are is told at once. */
function refuseDeclared(name: string, target: Pick<Target, 'roles'>, declared: Role): never {
  const runs = target.roles.map(role => `the ${roleTitles[role]}`).join(' or ')
  throw new DeployerError(
    'wrong-role',
    `${name} is a step of ${runs}; you are the ${roleTitles[declared]} (ROLE=${declared})`,
    `leave it to ${runs}, or set ROLE if you are that too; \`make my-steps ROLE=${declared}\` lists the steps of ROLE`,
  )
}

/** Throws `DeployerError` wrong-account when the account has no part here, or not that of the declared role. */
export function checkRole(
  deployment: Pick<Deployment, 'accounts' | 'namespace' | 'environment'>,
  { account }: Caller,
  declared: Role | undefined,
  runs = 'each step by its own admin (make my-steps)',
): readonly Role[] {
  const mine = rolesOf(deployment, account)
  if (mine.length === 0)
    throw new DeployerError(
      'wrong-account',
      `account ${account} has no part in ${deployment.namespace} ${deployment.environment}`,
      `sign in to the account of your role; it is run by ${runs}`,
    )
  if (declared !== undefined && !mine.includes(declared))
    throw new DeployerError(
      'wrong-account',
      `ROLE=${declared} works in account ${accountOf(deployment, declared)}, you are signed in to ${account}`,
      `sign in to ${accountOf(deployment, declared)}, or set ROLE to one of ${mine.join(', ')}`,
    )
  return mine
}

/** The roles that the caller acts in; a step of another role is refused, and the right one is named. */
export function refuseOtherRoles(
  name: string,
  target: Pick<Target, 'roles'>,
  deployment: Pick<Deployment, 'accounts' | 'namespace' | 'environment'>,
  caller: Caller,
  declared: Role | undefined,
): readonly Role[] {
  const runs = target.roles.map(role => `the ${roleTitles[role]} (account ${accountOf(deployment, role)})`).join(' or ')
  const mine = checkRole(deployment, caller, declared, runs)
  const acting = declared === undefined ? mine : [declared]
  const able = acting.filter(role => target.roles.includes(role))
  if (able.length > 0) return able
  throw new DeployerError(
    'wrong-role',
    `${name} is a step of ${runs}; you are ${acting.map(role => `the ${roleTitles[role]}`).join(' and ')} in account ${caller.account}`,
    `leave it to ${runs}; \`make my-steps ROLE=${acting[0]}\` lists yours`,
  )
}
