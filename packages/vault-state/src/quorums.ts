import { require } from '@trivault/protocol'
import { ownersWithKeys } from './founding.ts'
import { groupOf } from './lookup.ts'
import type { VaultState } from './state.ts'

/**
 * Refuses a state whose owners, or whose approvers of policy, are too few to ever change it again. Once a policy restriction
 * is there, its members count whether they have keys or not: the owners can give them one.
 */
export function checkQuorums(state: VaultState, counts = (_member: string): boolean => true): VaultState {
  const { setup } = state
  if (setup === undefined) return state
  const { members } = groupOf(state, setup.ownerGroup)
  const owners = state.sealedAt === undefined ? members.length : ownersWithKeys(state, members)
  require(owners >=
    setup.ownersRequired, 'quorum-would-break', `${setup.ownersRequired} owner(s) with device keys must remain in ${setup.ownerGroup}`)
  for (const id of state.policyRestrictions.keys().sort())
    for (const { Groups, RequiredApprovers } of state.policyRestrictions.get(id)?.Approvers ?? []) {
      const people = new Set(Groups.flatMap(group => groupOf(state, group).members).filter(counts))
      require(people.size >=
        RequiredApprovers, 'quorum-would-break', `policy restriction ${id} needs ${RequiredApprovers} member(s) of ${Groups.join(' or ')}`)
    }
  return state
}
