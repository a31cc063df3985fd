import type { CountedApproval, Requirement } from './types.ts'

/** All of `a` and `b` without duplicates, in canonical order: the same set gives the same list. */
export function mergeRequirements(a: readonly Requirement[], b: readonly Requirement[]): Requirement[] {
  const byKey = new Map([...a, ...b].map(canonical).map(requirement => [keyOf(requirement), requirement]))
  return [...byKey].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, requirement]) => requirement)
}

/**
 * The requirements that `approvals` do not satisfy yet, in the given order. An approval counts for every requirement that
 * it fits, a person once for each. User ids are compared without regard to letter case.
 */
export function unmet(requirements: readonly Requirement[], approvals: readonly CountedApproval[]): Requirement[] {
  return requirements.filter(requirement => !satisfied(requirement, approvals))
}

function satisfied(requirement: Requirement, approvals: readonly CountedApproval[]): boolean {
  const counting = approvals.filter(approval => fitsRequirement(requirement, approval))
  const count = requirement.kind === 'initiator' ? 1 : requirement.count
  return count >= 1 && new Set(counting.map(({ user }) => user.toLowerCase())).size >= count
}

/** Does this approval count for `requirement`? */
export function fitsRequirement(requirement: Requirement, { user, groups, weak }: CountedApproval): boolean {
  const isUser = (id: string | undefined): boolean => id?.toLowerCase() === user.toLowerCase()
  if (requirement.kind === 'initiator') return isUser(requirement.user)
  if (weak === true && requirement.byRestriction !== true) return false
  return !isUser(requirement.notBy) && groups.some(group => requirement.groups.includes(group))
}

/** For people: "2 approvals from owner". */
export function describeRequirement(requirement: Requirement): string {
  if (requirement.kind === 'initiator') return `the approval of ${requirement.user}`
  const { count, groups, notBy } = requirement
  const others = notBy === undefined ? '' : `, other than ${notBy}'s`
  return `${count} ${count === 1 ? 'approval' : 'approvals'} from ${groupsInWords(groups)}${others}`
}

/** A name of several words in quotes: one group may be called "risk or owner". */
export function groupsInWords(groups: readonly string[]): string {
  return groups.map(group => (group.includes(' ') ? `"${group}"` : group)).join(' or ')
}

function canonical(requirement: Requirement): Requirement {
  return requirement.kind === 'initiator'
    ? requirement
    : { ...requirement, groups: [...new Set(requirement.groups)].sort() }
}

function keyOf(requirement: Requirement): string {
  return requirement.kind === 'initiator'
    ? JSON.stringify([0, requirement.user])
    : JSON.stringify([1, requirement.groups, requirement.count, requirement.because, requirement.notBy])
}
