/** A synthesised stack as the checks see it: plain data, so that a broken one can be made for a test. */
export interface StackTemplate {
  readonly stack: string
  readonly account: string
  readonly region: string
  readonly terminationProtection: boolean
  readonly template: Template
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>
}

export interface Resource {
  readonly Type: string
  readonly Properties?: Readonly<Record<string, unknown>>
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
}

/** A policy statement in one shape: lists where AWS allows a single value. */
export interface PolicyStatement {
  /** Logical id of the resource that carries it. */
  readonly resource: string
  readonly type: string
  /** Property under which the document is. */
  readonly property: string
  readonly sid: string
  readonly effect: string
  /** Kind (`AWS`, `Service`, …) and value; `*` as kind and value for everybody. Empty in identity policies. */
  readonly principals: readonly { readonly kind: string; readonly value: unknown }[]
  readonly actions: readonly string[]
  readonly resources: readonly unknown[]
  /** Operator to key (lower case) to values. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>>
  /** It says what it does *not* mean (NotAction, NotPrincipal, NotResource). */
  readonly negated: boolean
}

type Json = Readonly<Record<string, unknown>>

export const list = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every statement of every policy document of a template, wherever it is. */
export function statementsOf({ template }: Pick<StackTemplate, 'template'>): PolicyStatement[] {
  return Object.entries(template.Resources).flatMap(([resource, { Type, Properties = {} }]) =>
    Object.entries(Properties).flatMap(([property, value]) =>
      documents(value).flatMap(document =>
        unfolded(document.Statement).map(statement => normalise(statement, { resource, type: Type, property })),
      ),
    ),
  )
}

/** Documents at any depth; CloudFormation takes one as text too. */
function documents(value: unknown): Json[] {
  if (typeof value === 'string' && /^\s*\{.*"Statement"/s.test(value)) return documents(parsed(value))
  if (Array.isArray(value)) return value.flatMap(documents)
  if (!isObject(value)) return []
  if ('Statement' in value) return [value]
  return Object.values(value).flatMap(documents)
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // Not to be read, so it counts as everything.
    return { Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' } }
  }
}

/** Statements, also those behind a function of CloudFormation such as `Fn::If`. */
function unfolded(value: unknown): Json[] {
  if (Array.isArray(value)) return value.flatMap(unfolded)
  if (!isObject(value)) return []
  return 'Effect' in value ? [value] : Object.values(value).flatMap(unfolded)
}

/** What is no text cannot be read from the template and counts as the most that it could be. */
function normalise(statement: Json, place: Pick<PolicyStatement, 'resource' | 'type' | 'property'>): PolicyStatement {
  const { Sid, Effect, Principal, Action, Resource, Condition } = statement
  return {
    ...place,
    sid: typeof Sid === 'string' ? Sid : '',
    effect: typeof Effect === 'string' ? Effect : 'Allow',
    principals: principalsOf(Principal),
    actions: list(Action).map(action => (typeof action === 'string' ? action : '*')),
    resources: list(Resource),
    conditions: conditionsOf(Condition),
    negated: ['NotAction', 'NotPrincipal', 'NotResource'].some(key => key in statement),
  }
}

function principalsOf(principal: unknown): PolicyStatement['principals'] {
  if (principal === undefined) return []
  if (!isObject(principal)) return [{ kind: '*', value: principal }]
  return Object.entries(principal).flatMap(([kind, values]) => list(values).map(value => ({ kind, value })))
}

function conditionsOf(condition: unknown): PolicyStatement['conditions'] {
  if (!isObject(condition)) return {}
  return Object.fromEntries(
    Object.entries(condition).map(([operator, keys]) => [
      operator,
      Object.fromEntries(Object.entries(isObject(keys) ? keys : {}).map(([key, v]) => [key.toLowerCase(), list(v)])),
    ]),
  )
}

/** Whether an IAM action pattern, such as `kms:Gen*`, covers an action. */
export function covers(pattern: string, action: string): boolean {
  const escaped = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(action.toLowerCase())
}

/** Whether some text fits both patterns of `*` and `?`. */
export function overlap(one: string, other: string): boolean {
  const known = new Map<string, boolean>()
  const from = (i: number, j: number): boolean => {
    const place = `${i},${j}`
    const before = known.get(place)
    if (before !== undefined) return before
    const [a, b] = [one[i], other[j]]
    const fits =
      a === '*'
        ? from(i + 1, j) || (b !== undefined && from(i, j + 1))
        : b === '*'
          ? from(i, j + 1) || (a !== undefined && from(i + 1, j))
          : a === undefined || b === undefined
            ? a === b
            : (a === b || a === '?' || b === '?') && from(i + 1, j + 1)
    known.set(place, fits)
    return fits
  }
  return from(0, 0)
}

export const grants = (statement: PolicyStatement, actions: readonly string[]): boolean =>
  statement.effect === 'Allow' &&
  (statement.negated || statement.actions.some(pattern => actions.some(action => covers(pattern, action))))
