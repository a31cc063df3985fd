import type {
  AmountCriterion,
  ApproverRestriction,
  Criterion,
  TransactionRestriction,
  VelocityLimit,
} from '@trivault/protocol'
import { groupsInWords } from './requirements.ts'

export type RuleKind = 'transaction' | 'configuration' | 'policy'

const about: Readonly<Record<RuleKind, string>> = {
  transaction: 'transaction',
  configuration: 'change of people, keys, tokens and chains',
  policy: 'change of groups, rates and rules, itself included',
}

/** The criteria of a rule in words, by name; those that are absent are undefined. */
export function criteriaOf(rule: TransactionRestriction): Record<string, string | undefined> {
  return {
    Amount: amount('amount', rule.Amount),
    Fee: amount('fee', rule.Fee),
    Symbol: oneOf('asset', rule.Symbol, text => text),
    Source: oneOf('source', rule.Source, ({ MasterKeyName, AccountName }) =>
      AccountName === undefined ? `any account of "${MasterKeyName}"` : `"${AccountName}" of "${MasterKeyName}"`,
    ),
    Destination: oneOf('destination', rule.Destination, ({ Address, AccountName, MasterKeyName }) =>
      Address === undefined ? `"${AccountName}" of "${MasterKeyName}"` : Address,
    ),
    ExternalDestination: oneOf('external destination', rule.ExternalDestination, text => text),
    TransactionFunction: oneOf('function', rule.TransactionFunction, text => text),
    TestNetwork:
      rule.TestNetwork === undefined ? undefined : rule.TestNetwork ? 'on test networks' : 'on main networks',
  }
}

/** Whose approvals a rule asks for, one line each. */
export function approversIn({ Approvers = [] }: ApproverRestriction): string[] {
  return Approvers.map(
    ({ Groups, RequiredApprovers }) =>
      `${RequiredApprovers} approval${RequiredApprovers === 1 ? '' : 's'} from ${groupsInWords(Groups)}`,
  )
}

const each: Readonly<Record<VelocityLimit['Per'], string>> = {
  vault: 'together',
  source: 'from each account',
  destination: 'to each destination',
  asset: 'of each asset',
}

/** "at most 10 ETH in 24 hours, from each account". */
export function velocityText({ Limit, Currency, Per, WindowSeconds }: VelocityLimit): string {
  const [unit, size] = [['day', 86_400] as const, ['hour', 3600] as const, ['minute', 60] as const].find(
    ([, seconds]) => WindowSeconds % seconds === 0,
  ) ?? ['second', 1]
  const count = WindowSeconds / size
  return `at most ${Limit} ${Currency} in ${count} ${unit}${count === 1 ? '' : 's'}, ${each[Per]}`
}

/** A rule as lines for people: what it is about, and whose approvals that needs. */
export function describeRestriction(rule: TransactionRestriction, kind: RuleKind = 'transaction'): string[] {
  const conditions = Object.values(criteriaOf(rule)).filter(condition => condition !== undefined)
  const approvals = approversIn(rule).map(text => `needs ${text}`)
  return [
    `Rule ${rule.RestrictionID}`,
    ...(conditions.length === 0
      ? [`about every ${about[kind]}`]
      : conditions.map(text => `about transactions with ${text}`)),
    ...(approvals.length === 0
      ? [`such ${kind === 'transaction' ? 'transactions are' : 'changes are'} REFUSED`]
      : approvals),
    ...(rule.Velocity === undefined ? [] : [velocityText(rule.Velocity)]),
  ]
}

function amount(what: string, criterion: AmountCriterion | undefined): string | undefined {
  if (criterion === undefined) return undefined
  return `${what} above ${[criterion.Above ?? '0', criterion.Currency].filter(Boolean).join(' ')}`
}

function oneOf<T>(what: string, criterion: Criterion<T> | undefined, text: (item: T) => string): string | undefined {
  if (criterion === undefined) return undefined
  const { Only = [], Except = [] } = criterion
  if (Only.length > 0) return `${what} ${Only.map(text).join(' or ')}`
  return Except.length > 0 ? `${what} other than ${Except.map(text).join(', ')}` : `any ${what}`
}
