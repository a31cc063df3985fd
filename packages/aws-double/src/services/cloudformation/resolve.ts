import { templateError } from './template.ts'

/** What intrinsic functions look up. */
export type Scope = {
  /** Parameters, pseudo parameters and resources by logical id. @returns undefined for an unknown one. */
  ref(name: string): unknown
  attribute(logicalId: string, name: string): unknown
  condition(name: string): boolean
  mapping(map: string, first: string, second: string): unknown
  importValue(name: string): string
  readonly region: string
}

/** `AWS::NoValue`: the property that has it goes. */
export const noValue = Symbol('AWS::NoValue')

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (value: unknown, what: string): string => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw templateError(`${what} must resolve to text`)
}
const list = (value: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw templateError(`${what} must resolve to a list`)
  return value
}

/** Resolves all intrinsic functions in a value. @throws AwsError `ValidationError` for unknown ones. */
export function resolve(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map(item => resolve(item, scope)).filter(item => item !== noValue)
  if (typeof value === 'string' && value.includes('{{resolve:'))
    throw templateError('dynamic references are not supported')
  if (!isObject(value)) return value
  const [name, ...others] = Object.keys(value)
  if (
    name !== undefined &&
    others.length === 0 &&
    (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))
  ) {
    if (name !== 'Condition' || typeof value[name] === 'string') return call(name, value[name], scope)
  }
  const entries = Object.entries(value).map(([key, item]) => [key, resolve(item, scope)] as const)
  return Object.fromEntries(entries.filter(([, item]) => item !== noValue))
}

function call(name: string, argument: unknown, scope: Scope): unknown {
  switch (name) {
    case 'Ref': {
      const found = scope.ref(text(argument, 'Ref'))
      if (found === undefined) throw templateError(`Unresolved resource dependencies [${String(argument)}]`)
      return found
    }
    case 'Condition':
      return scope.condition(text(argument, 'Condition'))
    case 'Fn::GetAtt': {
      const parts = typeof argument === 'string' ? argument.split(/\.(.*)/s) : list(argument, name)
      return scope.attribute(text(parts[0], name), text(resolve(parts[1], scope), name))
    }
    case 'Fn::Sub':
      return substitute(argument, scope)
    case 'Fn::ImportValue':
      return scope.importValue(text(resolve(argument, scope), name))
    case 'Fn::If': {
      const [condition, yes, no] = list(argument, name)
      return resolve(scope.condition(text(condition, name)) ? yes : no, scope)
    }
    case 'Fn::Base64':
      return Buffer.from(text(resolve(argument, scope), name)).toString('base64')
    case 'Fn::GetAZs':
      return ['a', 'b', 'c'].map(letter => `${scope.region}${letter}`)
    default:
      return simple(name, list(resolve(argument, scope), name), scope)
  }
}

function simple(name: string, args: readonly unknown[], scope: Scope): unknown {
  const [first, second, third] = args
  switch (name) {
    case 'Fn::Join':
      return list(second, name)
        .map(item => text(item, name))
        .join(text(first, name))
    case 'Fn::Select': {
      const found = list(second, name)[Number(text(first, name))]
      if (found === undefined) throw templateError('Fn::Select cannot select nonexistent value')
      return found
    }
    case 'Fn::Split':
      return text(second, name).split(text(first, name))
    case 'Fn::FindInMap':
      return scope.mapping(text(first, name), text(second, name), text(third, name))
    case 'Fn::Equals':
      return JSON.stringify(first) === JSON.stringify(second)
    case 'Fn::Not':
      return first !== true
    case 'Fn::And':
      return args.every(item => item === true)
    case 'Fn::Or':
      return args.some(item => item === true)
    default:
      throw templateError(`Unresolved or unsupported function ${name}`)
  }
}

function substitute(argument: unknown, scope: Scope): string {
  const [pattern, variables] = Array.isArray(argument) ? (argument as readonly unknown[]) : [argument, {}]
  const own = (isObject(variables) ? resolve(variables, scope) : {}) as Readonly<Record<string, unknown>>
  return text(pattern, 'Fn::Sub').replace(/\$\{(!)?([^}]+)\}/g, (_, literal: string | undefined, name: string) => {
    if (literal) return `\${${name}}`
    if (Object.hasOwn(own, name)) return text(own[name], 'Fn::Sub')
    const [logicalId = '', attribute] = name.split(/\.(.*)/s)
    return text(attribute ? scope.attribute(logicalId, attribute) : call('Ref', name, scope), 'Fn::Sub')
  })
}

/** Logical ids that a value mentions. */
export function references(value: unknown, isResource: (name: string) => boolean): ReadonlySet<string> {
  const found = new Set<string>()
  const note = (name: unknown) => {
    if (typeof name === 'string' && isResource(name)) found.add(name)
  }
  const walk = (item: unknown): void => {
    if (Array.isArray(item)) {
      item.forEach(walk)
      return
    }
    if (!isObject(item)) return
    for (const [key, inner] of Object.entries(item)) {
      if (key === 'Ref') note(inner)
      else if (key === 'Fn::GetAtt') note(Array.isArray(inner) ? inner[0] : String(inner).split('.')[0])
      else if (key === 'Fn::Sub') {
        const pattern: unknown = Array.isArray(inner) ? inner[0] : inner
        for (const [, name = ''] of String(pattern).matchAll(/\$\{([^!}][^}]*)\}/g)) note(name.split('.')[0])
      }
      walk(inner)
    }
  }
  walk(value)
  return found
}
