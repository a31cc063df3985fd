import { type Context, conditionHolds } from './conditions.ts'
import type { Policy, PrincipalPattern, Statement } from './document.ts'
import { matchesPattern } from './patterns.ts'

/** Who asks. `arn` is that of the session for a role; `roleArn` then is the role's. */
export type Requester =
  | { readonly kind: 'root' | 'user'; readonly account: string; readonly arn: string }
  | { readonly kind: 'session'; readonly account: string; readonly arn: string; readonly roleArn: string }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'anonymous' }

export type AccessRequest = {
  readonly requester: Requester
  readonly action: string
  readonly resource: string
  readonly context: Context
}

export type Policies = {
  /** Of the requester: user or role. */
  readonly identity: readonly Policy[]
  /** Limits what `identity` and `resource` give. */
  readonly boundary?: Policy | undefined
  readonly resource?: Policy | undefined
  readonly resourceAccount: string
  /**
   * `resource-primary`: identity policies count only where the resource's policy hands over to the account (KMS keys, role
   * trust). `union`: within one account either side may allow.
   */
  readonly rule: 'union' | 'resource-primary'
}

export type Decision = { readonly allowed: boolean; readonly reason: string }

/** How a statement names the requester: by itself, or only by its account, which hands over to identity policies. */
type Naming = 'direct' | 'account' | undefined

function naming(pattern: PrincipalPattern, requester: Requester): Naming {
  switch (pattern.kind) {
    case 'anyone':
      return 'direct'
    case 'service':
      return requester.kind === 'service' && requester.service === pattern.service ? 'direct' : undefined
    case 'account':
      if (requester.kind === 'service' || requester.kind === 'anonymous') return undefined
      if (requester.account !== pattern.account) return undefined
      return requester.kind === 'root' ? 'direct' : 'account'
    case 'arn':
      if (requester.kind === 'service' || requester.kind === 'anonymous') return undefined
      return requester.arn === pattern.arn || (requester.kind === 'session' && requester.roleArn === pattern.arn)
        ? 'direct'
        : undefined
  }
}

/** Fills `${key}`; a variable without a value makes the text match nothing. */
function fill(text: string, context: Context): string | undefined {
  let complete = true
  const filled = text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (['*', '?', '$'].includes(name)) return name
    const [value] = context.get(name.toLowerCase()) ?? []
    if (value === undefined) complete = false
    return value ?? ''
  })
  return complete ? filled : undefined
}

function applies(statement: Statement, request: AccessRequest): boolean {
  const { actions, resources, conditions } = statement
  if (actions.patterns.some(pattern => matchesPattern(pattern, request.action, true)) === actions.not) return false
  if (resources) {
    const fits = resources.patterns.some(pattern => {
      const filled = fill(pattern, request.context)
      return filled !== undefined && matchesPattern(filled, request.resource)
    })
    if (fits === resources.not) return false
  }
  return conditions.every(condition => {
    const values = condition.values.flatMap(value => fill(value, request.context) ?? [])
    return conditionHolds(condition, values, request.context)
  })
}

type Verdict = { readonly denied: boolean; readonly allowed: boolean }

function judgeIdentity(policies: readonly Policy[], request: AccessRequest): Verdict {
  const matching = policies.flatMap(({ statements }) => statements).filter(statement => applies(statement, request))
  return {
    denied: matching.some(({ effect }) => effect === 'Deny'),
    allowed: matching.some(({ effect }) => effect === 'Allow'),
  }
}

type ResourceVerdict = { readonly denied: boolean; readonly direct: boolean; readonly byAccount: boolean }

function judgeResource(policy: Policy | undefined, request: AccessRequest): ResourceVerdict {
  const namings = (policy?.statements ?? []).flatMap(statement => {
    if (!applies(statement, request)) return []
    return (statement.principals ?? []).flatMap(pattern => {
      const named = naming(pattern, request.requester)
      return named ? [{ effect: statement.effect, named }] : []
    })
  })
  const allows = namings.filter(({ effect }) => effect === 'Allow')
  return {
    denied: namings.some(({ effect }) => effect === 'Deny'),
    direct: allows.some(({ named }) => named === 'direct'),
    byAccount: allows.some(({ named }) => named === 'account'),
  }
}

const no = (reason: string): Decision => ({ allowed: false, reason })
const yes = (reason: string): Decision => ({ allowed: true, reason })

/**
 * Decides as AWS does (IAM user guide, "Policy evaluation logic"): an explicit deny anywhere wins; then the boundary must
 * allow; across accounts both sides must allow; within one account, either side, or as `rule` says.
 * The account's root needs no identity policy; a service or an anonymous caller has none.
 */
export function decide(request: AccessRequest, policies: Policies): Decision {
  const { requester } = request
  const resource = judgeResource(policies.resource, request)
  if (resource.denied) return no('an explicit deny in a resource-based policy')
  if (requester.kind === 'service' || requester.kind === 'anonymous') {
    return resource.direct ? yes('resource-based policy') : no('no resource-based policy allows it')
  }
  const judged = judgeIdentity(policies.identity, request)
  if (judged.denied) return no('an explicit deny in an identity-based policy')
  const identity = requester.kind === 'root' || judged.allowed
  if (policies.boundary && !judgeIdentity([policies.boundary], request).allowed) {
    return no('the permissions boundary does not allow it')
  }
  if (policies.boundary && judgeIdentity([policies.boundary], request).denied) {
    return no('an explicit deny in the permissions boundary')
  }
  if (requester.account !== policies.resourceAccount) {
    if (!resource.direct && !resource.byAccount) return no('no resource-based policy allows the other account')
    return identity ? yes('both accounts') : no('no identity-based policy allows it')
  }
  if (policies.rule === 'resource-primary') {
    if (resource.direct) return yes('resource-based policy')
    if (!resource.byAccount) return no('no resource-based policy allows it')
    return identity ? yes('identity-based policy') : no('no identity-based policy allows it')
  }
  if (identity) return yes('identity-based policy')
  return resource.direct ? yes('resource-based policy') : no('no identity-based policy allows it')
}
