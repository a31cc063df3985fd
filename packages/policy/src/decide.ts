import type { TransactionRestriction } from '@trivault/protocol'
import { matches, namesOpaque } from './criteria.ts'
import { mergeRequirements } from './requirements.ts'
import type { Decision, PolicyView, Requirement, Subject, TransactionSubject } from './types.ts'

type Blocked = Extract<Decision, { kind: 'blocked' }>
type Finding = { requirements: Requirement[]; namesOpaque?: boolean } | Blocked

/**
 * What an operation needs before it may be executed, or why it may not (SPEC.md). The defaults of its class and the
 * approvers of every matching restriction add up; block wins; the order of restrictions does not matter. Never throws:
 * what cannot be evaluated is blocked.
 */
export function decide(subject: Subject, view: PolicyView): Decision {
  try {
    const findings = [defaults(subject, view), ...transactionFindings(subject, view)]
    const blocked = findings.filter(finding => 'kind' in finding).sort(compareBlocks)
    const first = blocked[0]
    if (first !== undefined) return first
    const requirements = findings.flatMap(finding => ('kind' in finding ? [] : finding.requirements))
    return { kind: 'needs', requirements: mergeRequirements(requirements, []) }
  } catch (error) {
    return failed(error)
  }
}

function defaults(subject: Subject, view: PolicyView): Finding {
  const local = view.profile === 'local'
  const { type, initiator } = subject
  if (subject.class === 'free') return { requirements: [] }
  if (local && (type === 'register token' || type === 'register custom chain')) return { requirements: [] }

  const needs: Requirement[] = []
  const signs = initiator?.hasKey === true
  if (signs) needs.push({ kind: 'initiator', user: initiator.userId })
  const owners: { count: number; because: string }[] = []
  switch (subject.class) {
    case 'money':
      if (!signs) owners.push({ count: 1, because: 'an owner stands in for the initiator' })
      if (!local) owners.push({ count: view.ownersRequired, because: 'every signature needs the owner quorum' })
      break
    case 'config':
      owners.push({ count: 1, because: 'configuration needs an owner' })
      break
    case 'authority':
      owners.push({ count: view.ownersRequired, because: 'authority needs the owner quorum' })
      break
    default:
      throw new TypeError('unknown operation class')
  }
  for (const { count, because } of owners) {
    if (view.ownerGroup === undefined) return block('not-set-up', 'the vault has no owner group yet: set it up first')
    needs.push(groupRequirement([view.ownerGroup], count, because))
  }
  return { requirements: needs }
}

function transactionFindings(subject: Subject, view: PolicyView): Finding[] {
  const { transaction } = subject
  if (transaction === undefined) {
    if (subject.class === 'money') throw new TypeError('a money operation without its transaction')
    return []
  }
  const findings = Array.from(view.restrictions, restriction => restrictionFinding(restriction, transaction, view))
  const named = findings.some(finding => 'namesOpaque' in finding && finding.namesOpaque === true)
  if (transaction.grade === 'opaque' && !named)
    findings.push(
      block('opaque-refused', `its contents cannot be checked and no restriction names "${transaction.function}"`),
    )
  return findings
}

function restrictionFinding(
  restriction: TransactionRestriction,
  transaction: TransactionSubject,
  view: PolicyView,
): Finding {
  try {
    const id = restriction.RestrictionID
    const match = matches(restriction, transaction, asset => view.rate(asset))
    if (match === false) return { requirements: [] }
    if (match !== true) return block('no-rate', `no rate for ${match.noRate}, which restriction "${id}" needs`)
    const { Approvers = [] } = restriction
    if (Approvers.length === 0) return block('blocked-by-policy', `restriction "${id}" allows nobody to approve this`)
    return {
      requirements: Approvers.map(({ Groups, RequiredApprovers }) =>
        groupRequirement(Groups, RequiredApprovers, `restriction "${id}"`),
      ),
      namesOpaque: namesOpaque(restriction, transaction),
    }
  } catch (error) {
    return failed(error)
  }
}

function groupRequirement(groups: string[], count: number, because: string): Requirement {
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError('a number of approvals is at least 1')
  if (groups.length === 0) throw new RangeError('approvals come from at least one group')
  return { kind: 'groups', groups, count, because }
}

function block(code: Blocked['code'], reason: string): Blocked {
  return { kind: 'blocked', code, reason }
}

function failed(error: unknown): Blocked {
  return block(
    'internal-error',
    `the policy could not be evaluated: ${error instanceof Error ? error.message : 'unknown'}`,
  )
}

// Of several blocks always the same one is told, whatever the order of restrictions.
const order: Blocked['code'][] = ['internal-error', 'not-set-up', 'opaque-refused', 'blocked-by-policy', 'no-rate']

function compareBlocks(a: Blocked, b: Blocked): number {
  return order.indexOf(a.code) - order.indexOf(b.code) || (a.reason < b.reason ? -1 : a.reason > b.reason ? 1 : 0)
}
