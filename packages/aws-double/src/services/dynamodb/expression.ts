import { isDeepStrictEqual } from 'node:util'
import { AwsError, notInDouble } from '../../errors.ts'
import type { Attribute, Item } from './store.ts'

export type Names = {
  readonly names: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, Attribute>>
}

const invalid = (what: string) => new AwsError('ValidationException', `Invalid expression: ${what}`)

const tokenPattern = /\s*(<>|<=|>=|[=<>(),+-]|[#:]?[A-Za-z_][\w.-]*)/y

function tokens(text: string): string[] {
  const found: string[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const at = tokenPattern.lastIndex
    const [, token] = tokenPattern.exec(text) ?? []
    if (token === undefined) throw invalid(`unexpected text at ${at}`)
    found.push(token)
  }
  return found
}

const keyword = (token: string | undefined): string => token?.toUpperCase() ?? ''

/** Top-level attribute that a token names. */
function attributeName(token: string | undefined, { names }: Names): string {
  if (token === undefined || token.startsWith(':') || token.includes('.'))
    throw invalid(`${token ?? 'the end'} is not an attribute`)
  // DynamoDB has some 570 reserved words, which the double does not list.
  if (!token.startsWith('#')) throw notInDouble(`the attribute ${token} without a # name, which may be reserved,`)
  const name = names[token]
  if (name === undefined) throw invalid(`${token} has no name`)
  return name
}

function operand(token: string | undefined, item: Item | undefined, names: Names): Attribute | undefined {
  if (!token?.startsWith(':')) return item?.[attributeName(token, names)]
  const value = names.values[token]
  if (value === undefined) throw invalid(`${token} has no value`)
  return value
}

function compare(left: Attribute | undefined, operator: string, right: Attribute | undefined): boolean {
  if (operator === '=') return left !== undefined && isDeepStrictEqual(left, right)
  if (operator === '<>') return !isDeepStrictEqual(left, right)
  if (left === undefined || right === undefined) return false
  const [type] = Object.keys(left)
  if (type === undefined || type !== Object.keys(right)[0]) return false
  const value = (attribute: Attribute) => (type === 'N' ? Number(attribute.N) : String(attribute[type]))
  const [a, b] = [value(left), value(right)]
  return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b
}

/** Whether a condition expression holds for an item: comparisons, attribute_exists, attribute_not_exists, AND, OR, NOT. */
export function holds(expression: string, item: Item | undefined, names: Names): boolean {
  const all = tokens(expression)
  let at = 0
  const next = () => all[at++]
  const expect = (token: string) => {
    if (next() !== token) throw invalid(`${token} is missing`)
  }
  const or = (): boolean => {
    let value = and()
    while (keyword(all[at]) === 'OR') {
      at++
      value = and() || value
    }
    return value
  }
  const and = (): boolean => {
    let value = not()
    while (keyword(all[at]) === 'AND') {
      at++
      value = not() && value
    }
    return value
  }
  const not = (): boolean => {
    if (keyword(all[at]) !== 'NOT') return term()
    at++
    return !not()
  }
  const term = (): boolean => {
    const token = next()
    if (token === '(') {
      const value = or()
      expect(')')
      return value
    }
    if (all[at] === '(') {
      at++
      const present = operand(next(), item, names) !== undefined
      expect(')')
      if (token === 'attribute_exists') return present
      if (token === 'attribute_not_exists') return !present
      throw notInDouble(`the function ${token ?? ''} of DynamoDB`)
    }
    const operator = next() ?? ''
    if (!['=', '<>', '<', '<=', '>', '>='].includes(operator)) throw notInDouble(`the operator ${operator} of DynamoDB`)
    return compare(operand(token, item, names), operator, operand(next(), item, names))
  }
  const value = or()
  if (at !== all.length) throw invalid(`${all[at]} is unexpected`)
  return value
}

/** Applies `SET name = operand, …`. */
export function applyUpdate(expression: string, item: Item, names: Names): Item {
  const [verb, ...rest] = tokens(expression)
  if (keyword(verb) !== 'SET') throw notInDouble('an update that is not SET')
  const assignments: [string, Attribute][] = []
  for (let at = 0; at < rest.length; at += 4) {
    const [target, equals, source, comma] = rest.slice(at, at + 4)
    if (equals !== '=' || (comma !== undefined && comma !== ','))
      throw notInDouble('an assignment that is not name = operand')
    const value = operand(source, item, names)
    if (value === undefined) throw invalid(`${source ?? ''} is not there`)
    assignments.push([attributeName(target, names), value])
  }
  return { ...item, ...Object.fromEntries(assignments) }
}
