import { BlockList, isIPv4 } from 'node:net'
import { matchesArn, matchesPattern } from './patterns.ts'

/** Values of condition keys, by the key in lower case. Absent means absent. */
export type Context = ReadonlyMap<string, readonly string[]>

export type Condition = {
  readonly operator: string
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined
  readonly ifExists: boolean
  /** In lower case. */
  readonly key: string
  readonly values: readonly string[]
}

type Test = (actual: string, wanted: string) => boolean

const number = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))
const time = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text))

const inRange: Test = (actual, wanted) => {
  const [net = '', prefix = '32'] = wanted.split('/')
  if (!isIPv4(net) || !isIPv4(actual)) return false
  const list = new BlockList()
  list.addSubnet(net, Number(prefix))
  return list.check(actual)
}

/** Operators by name; the negated ones hold when no value fits, and when the key is absent. */
const positive: Readonly<Record<string, Test>> = {
  StringEquals: (actual, wanted) => actual === wanted,
  StringEqualsIgnoreCase: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  StringLike: (actual, wanted) => matchesPattern(wanted, actual),
  ArnEquals: (actual, wanted) => matchesArn(wanted, actual),
  ArnLike: (actual, wanted) => matchesArn(wanted, actual),
  NumericEquals: (actual, wanted) => number(actual) === number(wanted),
  NumericLessThan: (actual, wanted) => number(actual) < number(wanted),
  NumericLessThanEquals: (actual, wanted) => number(actual) <= number(wanted),
  NumericGreaterThan: (actual, wanted) => number(actual) > number(wanted),
  NumericGreaterThanEquals: (actual, wanted) => number(actual) >= number(wanted),
  DateEquals: (actual, wanted) => time(actual) === time(wanted),
  DateLessThan: (actual, wanted) => time(actual) < time(wanted),
  DateLessThanEquals: (actual, wanted) => time(actual) <= time(wanted),
  DateGreaterThan: (actual, wanted) => time(actual) > time(wanted),
  DateGreaterThanEquals: (actual, wanted) => time(actual) >= time(wanted),
  Bool: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  IpAddress: inRange,
}
const negated: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
  NotIpAddress: 'IpAddress',
}

export const isKnownOperator = (operator: string): boolean =>
  operator === 'Null' || Object.hasOwn(positive, operator) || Object.hasOwn(negated, operator)

/** Whether one condition holds; `values` have their policy variables already filled. */
export function conditionHolds(condition: Condition, values: readonly string[], context: Context): boolean {
  const actual = context.get(condition.key)
  const absent = actual === undefined || actual.length === 0
  if (condition.operator === 'Null') return values.some(value => (value.toLowerCase() === 'true') === absent)
  const isNegated = Object.hasOwn(negated, condition.operator)
  if (absent)
    return condition.ifExists || condition.quantifier === 'ForAllValues' || (isNegated && !condition.quantifier)
  const test = positive[negated[condition.operator] ?? condition.operator]
  if (!test) throw new Error(`operator ${condition.operator} was not refused when the policy was parsed`)
  const fits = (value: string): boolean => values.some(wanted => test(value, wanted)) !== isNegated
  return condition.quantifier === 'ForAnyValue' ? actual.some(fits) : actual.every(fits)
}
