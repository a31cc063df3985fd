import type { StackTemplate } from '../stacks/checks/index.ts'
import { escalating } from '../stacks/checks/policies.ts'
import { grants, overlap, type PolicyStatement, statementsOf } from '../stacks/checks/template.ts'

/** Somebody who can call AWS: a person with all power in an account, or a role or user of one of the stacks. */
export interface Principal {
  readonly kind: 'administrator' | 'role'
  readonly account: string
  /** Of a role or user: its ARN. Of an administrator: what stands for every user, role and session of the account. */
  readonly arn: string
  readonly name: string
  readonly statements: readonly PolicyStatement[]
}

export const administratorOf = (account: string): Principal => ({
  kind: 'administrator',
  account,
  arn: `arn:aws:*::${account}:*`,
  name: `administrator of ${account}`,
  statements: [],
})

/** The roles and users that the stacks make. One that could give itself more counts as its account's administrator. */
export function rolesIn(templates: readonly StackTemplate[]): Principal[] {
  return templates.flatMap(stack => {
    const statements = statementsOf(stack)
    return Object.entries(stack.template.Resources)
      .filter(([, { Type }]) => Type === 'AWS::IAM::Role' || Type === 'AWS::IAM::User')
      .map(([id, { Type, Properties }]) => {
        const [kind, given] =
          Type === 'AWS::IAM::Role' ? ['role', Properties?.RoleName] : ['user', Properties?.UserName]
        const name = typeof given === 'string' ? given : id
        const own = statements.filter(
          ({ resource, property }) => resource === id && property !== 'AssumeRolePolicyDocument',
        )
        const mighty =
          own.some(statement => grants(statement, escalating)) || Properties?.ManagedPolicyArns !== undefined
        return {
          kind: mighty ? ('administrator' as const) : ('role' as const),
          account: stack.account,
          arn: `arn:aws:iam::${stack.account}:${kind}/${name}`,
          name,
          statements: own,
        }
      })
  })
}

/** Something that a policy protects. */
export interface Target {
  readonly account: string
  /** ARN, with `*` for what only AWS knows. */
  readonly arn: string
  /** KMS: nothing goes without the key's own policy. Elsewhere the account's own policies suffice within the account. */
  readonly policyDecides: boolean
  readonly statements: readonly PolicyStatement[]
}

/**
 * Whether a principal may do one of the actions. Errs towards yes: denials, and conditions other than on the principal's ARN,
 * are taken to stop nobody; what cannot be read counts as everybody.
 */
export function may(
  principal: Principal,
  actions: readonly string[],
  target: Target,
  counts: (statement: PolicyStatement) => boolean = () => true,
): boolean {
  const byResource = target.statements.some(
    statement => grants(statement, actions) && counts(statement) && speaksTo(statement, principal),
  )
  const byIdentity = hasIdentity(principal, actions, target)
  if (principal.account !== target.account) return byResource && byIdentity
  if (target.policyDecides) return byResource && (byIdentity || namesExactly(target.statements, actions, principal))
  return byResource || byIdentity
}

function hasIdentity(principal: Principal, actions: readonly string[], { arn }: Target): boolean {
  if (principal.kind === 'administrator') return true
  return principal.statements.some(
    statement =>
      grants(statement, actions) &&
      (statement.negated || statement.resources.some(r => typeof r !== 'string' || overlap(r, arn))),
  )
}

const namesExactly = (statements: readonly PolicyStatement[], actions: readonly string[], { arn }: Principal) =>
  statements.some(s => grants(s, actions) && s.principals.some(({ value }) => value === arn || value === '*'))

function speaksTo(statement: PolicyStatement, principal: Principal): boolean {
  return (
    statement.principals.some(({ kind, value }) => isMeant(kind, value, principal)) && meetsArn(statement, principal)
  )
}

/** A service acts for whoever can make it act, and what cannot be read may be anybody. */
function isMeant(kind: string, value: unknown, principal: Principal): boolean {
  if (kind !== 'AWS' || typeof value !== 'string' || value === '*') return true
  const { account } = principal
  return value === account || value === `arn:aws:iam::${account}:root` || couldBe(value, principal)
}

/** Whether a principal is, or can become, whom an ARN or a pattern of ARNs names. */
const couldBe = (pattern: string, { kind, account, arn, name }: Principal): boolean =>
  kind === 'administrator'
    ? overlap(pattern, administratorOf(account).arn)
    : overlap(pattern, arn) || overlap(pattern, `arn:aws:sts::${account}:assumed-role/${name}/*`)

const positive = /^(ForAnyValue:)?(Arn|String)(Equals|Like)/

/** A condition on the principal's ARN. An administrator makes the role that it names, if it is one of the own account. */
function meetsArn({ conditions }: PolicyStatement, principal: Principal): boolean {
  return Object.entries(conditions).every(([operator, keys]) => {
    const wanted = keys['aws:principalarn']
    if (wanted === undefined || !positive.test(operator)) return true
    return wanted.some(value => typeof value !== 'string' || couldBe(value, principal))
  })
}

/** Accounts that these statements name as principals. */
export const accountsNamedIn = (statements: readonly PolicyStatement[]): string[] =>
  statements.flatMap(({ principals }) =>
    principals.flatMap(({ value }) =>
      typeof value === 'string' ? (/(?:^|::)(\d{12})(?::|$)/.exec(value)?.[1] ?? []) : [],
    ),
  )
