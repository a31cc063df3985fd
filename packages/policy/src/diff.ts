import { type TransactionRestriction, transactionRestriction } from '@trivault/protocol'
import { approversIn, criteriaOf, describeRestriction, type RuleKind, velocityText } from './describe.ts'

/** What happens to one restriction between two versions of a policy, in words. */
export interface RestrictionChange {
  id: string
  kind: 'added' | 'removed' | 'changed'
  lines: string[]
}

/**
 * The difference between two sets of restrictions, by id, in words that an approver understands; the order in a set does not
 * matter. Empty: they say the same.
 */
export function diffRestrictions(
  before: readonly TransactionRestriction[],
  after: readonly TransactionRestriction[],
  kind: RuleKind = 'transaction',
): RestrictionChange[] {
  const [old, now] = [byId(before), byId(after)]
  const ids = [...new Set([...old.keys(), ...now.keys()])].sort()
  return ids.flatMap(id => {
    const [was, is] = [old.get(id), now.get(id)]
    const lines = describeChange(was, is, kind)
    return lines.length === 0
      ? []
      : [{ id, kind: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed', lines }]
  })
}

const byId = (restrictions: readonly TransactionRestriction[]): Map<string, TransactionRestriction> =>
  new Map(restrictions.map(one => [one.RestrictionID, one]))

/** One restriction's change as lines; none where nothing changes. */
export function describeChange(
  before: TransactionRestriction | undefined,
  after: TransactionRestriction | undefined,
  kind: RuleKind = 'transaction',
): string[] {
  if (before === undefined) return after === undefined ? [] : titled('A NEW rule', after, kind)
  if (after === undefined) return titled('This rule is REMOVED', before, kind)
  if (transactionRestriction.write(before) === transactionRestriction.write(after)) return []
  const [was, is] = [criteriaOf(before), criteriaOf(after)]
  const lines = Object.keys(was).flatMap(name => changed(`It is about transactions with`, was[name], is[name]))
  const asked = changedLists(approversIn(before), approversIn(after))
  const limits = [before.Velocity, after.Velocity].map(limit => limit && velocityText(limit))
  return [
    `Rule ${after.RestrictionID} changes`,
    ...lines,
    ...asked,
    ...(approversIn(after).length === 0 && asked.length > 0 ? ['What matches is now REFUSED'] : []),
    ...changed('Limit:', limits[0], limits[1]),
    // Lists in another order, an empty criterion: the same for people, other bytes for the nodes.
    ...(lines.length + asked.length === 0 && limits[0] === limits[1] ? ['Only its writing changes'] : []),
  ]
}

function titled(title: string, rule: TransactionRestriction, kind: RuleKind): string[] {
  return [title, ...describeRestriction(rule, kind).map(line => `  ${line}`)]
}

function changed(what: string, before: string | undefined, after: string | undefined): string[] {
  if (before === after) return []
  return [
    ...(before === undefined ? [] : [`- ${what} ${before}`]),
    ...(after === undefined ? [] : [`+ ${what} ${after}`]),
  ]
}

function changedLists(before: readonly string[], after: readonly string[]): string[] {
  return [
    ...before.filter(text => !after.includes(text)).map(text => `- It needs ${text}`),
    ...after.filter(text => !before.includes(text)).map(text => `+ It needs ${text}`),
  ]
}
