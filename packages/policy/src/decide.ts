import {
  type ApproverRestriction,
  type OperationType,
  operationTypes,
  type TransactionRestriction,
} from '@trivault/protocol'
import { covers, matches, namesOpaque } from './criteria.ts'
import { mergeRequirements } from './requirements.ts'
import type { Decision, Initiator, PolicyView, Requirement, Subject, TransactionSubject } from './types.ts'
import { exceedsVelocity, spendingOf } from './velocity.ts'

type Blocked = Extract<Decision, { kind: 'blocked' }>
/** `covers`: it speaks for certain of all that the operation does, so that it can let an automated key confirm. */
type Finding = { requirements: Requirement[]; namesOpaque?: boolean; covers?: boolean } | Blocked

/**
 * What an operation needs before it may be executed, or why it may not (SPEC.md). The defaults of its class and the
 * approvers of every matching restriction add up; block wins; the order of restrictions does not matter. Never throws:
 * what cannot be evaluated is blocked.
 */
export function decide(subject: Subject, view: PolicyView): Decision {
  try {
    const governed = governing(subject, view)
    const signer = signingInitiator(subject, view, governed)
    const findings = [defaults(subject, view, signer), ...governed.map(one => byOthers(one, signer, view))]
    const blocked = findings.filter(finding => 'kind' in finding).sort(compareBlocks)
    const first = blocked[0]
    if (first !== undefined) return first
    const requirements = findings.flatMap(finding => ('kind' in finding ? [] : finding.requirements))
    return { kind: 'needs', requirements: mergeRequirements(requirements, []) }
  } catch (error) {
    return failed(error)
  }
}

/** Tokens and chains: without an administrator apart from the wallet's nobody is there to ask. */
const freeInLocal: readonly OperationType[] = [
  'register token',
  'unregister token',
  'register custom chain',
  'unregister chain',
]

/** What each restriction of the operation's kind decides by itself; undefined where it does not match. For the dry run. */
export function explain(subject: Subject, view: PolicyView): { id: string; decision: Decision | undefined }[] {
  const kind = subject.class === 'free' ? undefined : operationTypes[subject.type].governedBy
  if (kind === undefined) return []
  const { configRestrictions: config, policyRestrictions: policy, restrictions: transaction } = view
  return Array.from<ApproverRestriction, { id: string; decision: Decision | undefined }>(
    { config, policy, transaction }[kind],
    one => ({
      id: one.RestrictionID,
      decision: alone(subject, { ...view, restrictions: [one], configRestrictions: [one], policyRestrictions: [one] }),
    }),
  )
}

function alone(subject: Subject, view: PolicyView): Decision | undefined {
  try {
    const governed = governing(subject, view)
    const [finding] = governed
    if (finding === undefined) return undefined
    const judged = byOthers(finding, signingInitiator(subject, view, governed), view)
    if ('kind' in judged) return judged
    return judged.requirements.length === 0 ? undefined : { kind: 'needs', requirements: judged.requirements }
  } catch (error) {
    return failed(error)
  }
}

function defaults(subject: Subject, view: PolicyView, signer: Initiator | undefined): Finding {
  const local = view.profile === 'local'
  const { type } = subject
  if (subject.class === 'free') return { requirements: [] }
  if (local && freeInLocal.includes(type)) return { requirements: [] }

  const needs: Requirement[] = []
  if (signer !== undefined) needs.push({ kind: 'initiator', user: signer.userId })
  const owners: { count: number; because: string }[] = []
  switch (subject.class) {
    case 'money':
      if (signer === undefined) owners.push({ count: 1, because: 'an owner stands in for the initiator' })
      if (view.moneyDefault !== 'initiator')
        owners.push({ count: view.ownersRequired, because: 'every signature needs the owner quorum' })
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

/** The initiator, if it is one whose device has to sign; anybody else is only a name that the wallet gave. */
function signingInitiator(
  { initiator }: Subject,
  { profile }: PolicyView,
  governed: readonly Finding[],
): Initiator | undefined {
  if (initiator?.hasKey !== true) return undefined
  return profile === 'local' || !initiator.automated || isNamed(initiator, governed) ? initiator : undefined
}

/** Does a restriction that covers the operation ask for one of this person's groups? */
function isNamed({ groups = [] }: Initiator, governed: readonly Finding[]): boolean {
  const asked = governed.flatMap(finding => ('kind' in finding || !finding.covers ? [] : finding.requirements))
  return asked.some(one => one.kind === 'groups' && one.groups.some(group => groups.includes(group)))
}

/** What the restrictions of the operation's kind add. Nothing governs what is free: it gives no power. */
function governing(subject: Subject, view: PolicyView): Finding[] {
  const { transaction } = subject
  if (subject.class === 'money') {
    if (transaction === undefined) throw new TypeError('a money operation without its transaction')
    return transactionFindings(transaction, view)
  }
  if (transaction !== undefined) throw new TypeError('a transaction that is not money')
  if (subject.class === 'free') return []
  const kind = operationTypes[subject.type].governedBy
  if (kind === undefined) return []
  if (kind === 'transaction') throw new TypeError('a transaction of another class than money')
  const restrictions = kind === 'config' ? view.configRestrictions : view.policyRestrictions
  return Array.from(restrictions, approversOf)
}

/** No self-approval: whom a restriction asks is not the initiator, whose device therefore signs: else the wallet names anybody. */
function byOthers(finding: Finding, signer: Initiator | undefined, { noSelfApproval = false }: PolicyView): Finding {
  if (!noSelfApproval || 'kind' in finding || finding.requirements.length === 0) return finding
  if (signer === undefined)
    return block('blocked-by-policy', 'no self-approval: name an initiator who has a device key')
  const others = finding.requirements.map(one => (one.kind === 'groups' ? { ...one, notBy: signer.userId } : one))
  return { ...finding, requirements: [{ kind: 'initiator', user: signer.userId }, ...others] }
}

function transactionFindings(transaction: TransactionSubject, view: PolicyView): Finding[] {
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
    const exceeded = velocityFinding(restriction, transaction, view)
    if (exceeded !== undefined) return exceeded
    const asked = approversOf(restriction)
    if ('kind' in asked) return asked
    return { ...asked, namesOpaque: namesOpaque(restriction, transaction), covers: covers(restriction, transaction) }
  } catch (error) {
    return failed(error)
  }
}

/** What exceeds a velocity limit by itself never fits into a window; what others have spent is judged at the execution. */
function velocityFinding(
  restriction: TransactionRestriction,
  transaction: TransactionSubject,
  view: PolicyView,
): Blocked | undefined {
  const { RestrictionID: id, Velocity } = restriction
  if (Velocity === undefined) return undefined
  const spending = spendingOf(restriction, transaction, asset => view.rate(asset))
  if (spending === undefined) return undefined
  if ('noRate' in spending) return block('no-rate', `no rate for ${spending.noRate}, which restriction "${id}" needs`)
  return spending.some(one => exceedsVelocity(Velocity, [], one, 0))
    ? block('velocity-exceeded', `more than restriction "${id}" allows in a whole window`)
    : undefined
}

/** What a restriction that applies asks for; one without approvers blocks. */
function approversOf({ RestrictionID: id, Approvers = [] }: ApproverRestriction): Finding {
  if (Approvers.length === 0) return block('blocked-by-policy', `restriction "${id}" allows nobody to approve this`)
  return {
    requirements: Approvers.map(({ Groups, RequiredApprovers }) =>
      groupRequirement(Groups, RequiredApprovers, `restriction "${id}"`, true),
    ),
    covers: true,
  }
}

function groupRequirement(groups: string[], count: number, because: string, byRestriction = false): Requirement {
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError('a number of approvals is at least 1')
  if (groups.length === 0) throw new RangeError('approvals come from at least one group')
  return { kind: 'groups', groups, count, because, ...(byRestriction && { byRestriction }) }
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
const order: Blocked['code'][] = [
  'internal-error',
  'not-set-up',
  'opaque-refused',
  'blocked-by-policy',
  'velocity-exceeded',
  'no-rate',
]

function compareBlocks(a: Blocked, b: Blocked): number {
  return order.indexOf(a.code) - order.indexOf(b.code) || (a.reason < b.reason ? -1 : a.reason > b.reason ? 1 : 0)
}
