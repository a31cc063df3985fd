import { describeChange, type RuleKind } from '@trivault/policy'
import { useApi } from '@trivault/ui'
import type { Kind, Rule } from './rule-draft.ts'

/** The same restriction as the policy package reads it. */
export type PolicyRule = NonNullable<Parameters<typeof describeChange>[0]>

export interface RuleChange {
  Add?: Rule
  Delete?: Rule
}

const diffIn =
  (words: RuleKind) =>
  (before: Rule | undefined, after: Rule | undefined): string[] =>
    describeChange(before as PolicyRule | undefined, after as PolicyRule | undefined, words)

/** By the start route that takes velocity limits too. */
function useStartTransactionRule(): (change: RuleChange) => Promise<string> {
  const api = useApi()
  return async body => (await api.callExact('trivaultStartUpdateTransactionRestriction', { body })).OperationID
}

function useStartConfigRule(): (change: RuleChange) => Promise<string> {
  const api = useApi()
  return change => api.start('updateConfigRestriction', change as never)
}

function useStartPolicyRule(): (change: RuleChange) => Promise<string> {
  const api = useApi()
  return change => api.start('updatePolicyRestriction', change as never)
}

/** How restrictions of each kind are read, changed and told. */
export const ruleKinds = {
  transaction: {
    read: 'trivaultRestrictions',
    segment: 'updateTransactionRestriction',
    words: 'transaction',
    diff: diffIn('transaction'),
    useStartRule: useStartTransactionRule,
    title: 'Restrictions of transactions',
    note: 'Every one that matches a transaction adds its approvers; one without approvers refuses it.',
  },
  config: {
    read: 'cwpgetConfigRestrictions',
    segment: 'updateConfigRestriction',
    words: 'configuration',
    diff: diffIn('configuration'),
    useStartRule: useStartConfigRule,
    title: 'Restrictions of configuration changes',
    note: 'They govern people, devices, keys, tokens and chains.',
  },
  policy: {
    read: 'cwpgetPolicyRestrictions',
    segment: 'updatePolicyRestriction',
    words: 'policy',
    diff: diffIn('policy'),
    useStartRule: useStartPolicyRule,
    title: 'Restrictions of policy changes',
    note: 'They govern groups, rates, settings and every change of restrictions, their own included.',
  },
} as const satisfies Record<Kind, unknown>
