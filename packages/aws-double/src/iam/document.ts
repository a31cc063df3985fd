import { AwsError } from '../errors.ts'
import { type Condition, isKnownOperator } from './conditions.ts'
import { isKnownKey, isMultivalued } from './keys.ts'

export type PrincipalPattern =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'arn'; readonly arn: string }
  | { readonly kind: 'service'; readonly service: string }

export type Statement = {
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  /** Absent in identity policies. */
  readonly principals: readonly PrincipalPattern[] | undefined
  readonly actions: { readonly not: boolean; readonly patterns: readonly string[] }
  /** Absent in trust policies: the role itself. */
  readonly resources: { readonly not: boolean; readonly patterns: readonly string[] } | undefined
  readonly conditions: readonly Condition[]
}
export type Policy = { readonly statements: readonly Statement[] }
export type PolicyKind = 'identity' | 'resource' | 'trust'

/** A policy as JSON, for example of a template. */
export type PolicyDocument = Readonly<Record<string, unknown>>

const fields = new Set(['Sid', 'Effect', 'Principal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'])
const malformed = (what: string): AwsError => new AwsError('MalformedPolicyDocument', `policy: ${what}`)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function texts(value: unknown, what: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw malformed(`${what} is empty`)
  return list.map(item => {
    if (typeof item !== 'string' || item === '') throw malformed(`${what} must be text`)
    return item
  })
}

/**
 * Parses strictly. What the double cannot evaluate as AWS does (an unknown operator, condition key, policy variable, field)
 * is refused here, so that it never counts as an allow.
 * @throws AwsError `MalformedPolicyDocument`
 */
export function parsePolicy(json: unknown, kind: PolicyKind): Policy {
  const document = typeof json === 'string' ? parseJson(json) : json
  if (!isObject(document)) throw malformed('not an object')
  const unknown = Object.keys(document).find(name => !['Version', 'Id', 'Statement'].includes(name))
  if (unknown) throw malformed(`unknown field ${unknown}`)
  if (document.Version !== '2012-10-17') throw malformed('Version must be 2012-10-17')
  const statements: readonly unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
  if (statements.length === 0) throw malformed('no statement')
  const parsed = statements.map(statement => parseStatement(statement, kind))
  const sids = parsed.flatMap(({ sid }) => sid ?? [])
  if (new Set(sids).size !== sids.length) throw malformed('two statements have the same Sid')
  return { statements: parsed }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('not JSON')
  }
}

function parseStatement(json: unknown, kind: PolicyKind): Statement {
  if (!isObject(json)) throw malformed('a statement is not an object')
  const unknown = Object.keys(json).find(name => !fields.has(name))
  if (unknown) throw malformed(`a statement has the unknown field ${unknown}`)
  const { Sid: sid, Effect: effect, Principal: principal, Condition: condition } = json
  if (effect !== 'Allow' && effect !== 'Deny') throw malformed('Effect must be Allow or Deny')
  if (sid !== undefined && typeof sid !== 'string') throw malformed('Sid must be text')
  if ((principal === undefined) !== (kind === 'identity')) {
    throw malformed(kind === 'identity' ? 'an identity policy names no Principal' : 'a Principal is missing')
  }
  return {
    sid,
    effect,
    principals: principal === undefined ? undefined : parsePrincipals(principal),
    actions: parseActions(json),
    resources: parseResources(json, kind),
    conditions: condition === undefined ? [] : parseConditions(condition),
  }
}

function parseActions({
  Action: action,
  NotAction: notAction,
}: Readonly<Record<string, unknown>>): Statement['actions'] {
  if ((action === undefined) === (notAction === undefined)) throw malformed('one of Action and NotAction is needed')
  const patterns = texts(action ?? notAction, 'Action')
  const wrong = patterns.find(pattern => pattern !== '*' && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/.test(pattern))
  if (wrong) throw malformed(`${wrong} is not an action`)
  return { not: action === undefined, patterns }
}

function parseResources(
  { Resource: resource, NotResource: notResource }: Readonly<Record<string, unknown>>,
  kind: PolicyKind,
): Statement['resources'] {
  if (kind === 'trust') {
    if (resource !== undefined || notResource !== undefined) throw malformed('a trust policy names no Resource')
    return undefined
  }
  if ((resource === undefined) === (notResource === undefined))
    throw malformed('one of Resource and NotResource is needed')
  const patterns = texts(resource ?? notResource, 'Resource')
  for (const pattern of patterns) {
    if (pattern !== '*' && !/^arn:[^:]*:[^:]*:[^:]*:[^:]*:.+$/.test(pattern))
      throw malformed(`${pattern} is not an ARN`)
    checkVariables(pattern)
  }
  return { not: resource === undefined, patterns }
}

function parsePrincipals(json: unknown): readonly PrincipalPattern[] {
  if (json === '*') return [{ kind: 'anyone' }]
  if (!isObject(json) || Object.keys(json).length === 0) throw malformed('Principal must be * or an object')
  return Object.entries(json).flatMap(([type, value]) => {
    if (type === 'Service') return texts(value, 'Principal').map(service => ({ kind: 'service' as const, service }))
    if (type !== 'AWS') throw malformed(`the double does not know principals of type ${type}`)
    return texts(value, 'Principal').map(parseAwsPrincipal)
  })
}

function parseAwsPrincipal(text: string): PrincipalPattern {
  if (text === '*') return { kind: 'anyone' }
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(text)?.[1]
  if (account) return { kind: 'account', account }
  if (!/^arn:aws:(iam::\d{12}:(user|role)|sts::\d{12}:assumed-role)\/[\w+=,.@/-]+$/.test(text)) {
    throw malformed(`invalid principal ${text}`)
  }
  return { kind: 'arn', arn: text }
}

function parseConditions(json: unknown): readonly Condition[] {
  if (!isObject(json)) throw malformed('Condition must be an object')
  return Object.entries(json).flatMap(([name, keys]) => {
    const match = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name)
    const operator = match?.[2] ?? name
    const quantifier = match?.[1] as Condition['quantifier']
    const ifExists = match?.[3] !== undefined
    if (!isKnownOperator(operator) || (operator === 'Null' && (ifExists || quantifier))) {
      throw malformed(`unknown condition operator ${name}`)
    }
    if (!isObject(keys)) throw malformed(`${name} must be an object`)
    return Object.entries(keys).map(([key, value]) => {
      if (!isKnownKey(key)) throw malformed(`the double does not know the condition key ${key}`)
      if (isMultivalued(key) && !quantifier && operator !== 'Null') {
        throw malformed(`${key} has many values: use ForAllValues or ForAnyValue`)
      }
      const values = texts(Array.isArray(value) ? value.map(scalar) : scalar(value), key)
      values.forEach(checkVariables)
      return { operator, quantifier, ifExists, key: key.toLowerCase(), values }
    })
  })
}

/** Booleans and numbers may stand without quotes. */
const scalar = (value: unknown): unknown =>
  typeof value === 'boolean' || typeof value === 'number' ? String(value) : value

function checkVariables(text: string): void {
  for (const [whole, name = ''] of text.matchAll(/\$\{([^}]*)\}/g)) {
    if (!['*', '?', '$'].includes(name) && !isKnownKey(name)) throw malformed(`unknown policy variable ${whole}`)
  }
}
