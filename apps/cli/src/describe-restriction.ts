import type { AmountCriterion, Criterion, TransactionRestriction } from '@trivault/protocol'

export type RuleKind = 'transaction' | 'configuration' | 'policy'

const about: Readonly<Record<RuleKind, string>> = {
  transaction: 'transaction',
  configuration: 'change of people, keys, tokens and chains',
  policy: 'change of groups, rates and rules, itself included',
}

/** A rule as lines for people: what it is about, and whose approvals that needs. */
export function describeRestriction(rule: TransactionRestriction, kind: RuleKind = 'transaction'): string[] {
  const conditions = [
    amount('amount', rule.Amount),
    amount('fee', rule.Fee),
    oneOf('asset', rule.Symbol, text => text),
    oneOf('source', rule.Source, ({ MasterKeyName, AccountName }) =>
      AccountName === undefined ? `any account of "${MasterKeyName}"` : `"${AccountName}" of "${MasterKeyName}"`,
    ),
    oneOf('destination', rule.Destination, ({ Address, AccountName, MasterKeyName }) =>
      Address === undefined ? `"${AccountName}" of "${MasterKeyName}"` : Address,
    ),
    oneOf('external destination', rule.ExternalDestination, text => text),
    oneOf('function', rule.TransactionFunction, text => text),
    rule.TestNetwork === undefined ? undefined : rule.TestNetwork ? 'on test networks' : 'on main networks',
  ].filter(condition => condition !== undefined)
  const approvals = (rule.Approvers ?? []).map(
    ({ Groups, RequiredApprovers }) =>
      `needs ${RequiredApprovers} approval${RequiredApprovers === 1 ? '' : 's'} from ${Groups.join(' or ')}`,
  )
  return [
    `Rule ${rule.RestrictionID}`,
    ...(conditions.length === 0
      ? [`about every ${about[kind]}`]
      : conditions.map(text => `about transactions with ${text}`)),
    ...(approvals.length === 0
      ? [`such ${kind === 'transaction' ? 'transactions are' : 'changes are'} REFUSED`]
      : approvals),
  ]
}

function amount(what: string, criterion: AmountCriterion | undefined): string | undefined {
  if (criterion === undefined) return undefined
  return `${what} above ${[criterion.Above ?? '0', criterion.Currency].filter(Boolean).join(' ')}`
}

function oneOf<T>(what: string, criterion: Criterion<T> | undefined, text: (item: T) => string): string | undefined {
  const { Only = [], Except = [] } = criterion ?? {}
  if (Only.length > 0) return `${what} ${Only.map(text).join(' or ')}`
  if (Except.length > 0) return `${what} other than ${Except.map(text).join(', ')}`
  return undefined
}
