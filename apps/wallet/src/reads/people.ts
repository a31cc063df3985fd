import type { ExactResponseOf, QueryOf } from '@trivault/api-contract'
import { VaultError } from '@trivault/protocol'
import { activeKeyOf, groupOf, statusOf, type User, userKey, userOf, type VaultState } from '@trivault/vault-state'
import { type Caller, type Role, ServiceError } from '../service.ts'
import { serviceError } from './errors.ts'

type CwpUser = ExactResponseOf<'cwpgetUserById'>
type Users = ExactResponseOf<'getAllUsers'>
type UserState = Users['Users'][number]['State']

/** Groups that say what their members may ask for, unless they are owners; the first that fits counts. */
const rolesByGroup: readonly (readonly [group: string, role: Role])[] = [
  ['auditor', 'Auditor'],
  ['viewer', 'Viewer'],
  ['automated approver', 'AutomatedApprover'],
]

/** What the wallet lets a user ask for: owners are Admin, other people what their group says, or MarketOps, system users what they were made. */
export function roleOf(state: VaultState, user: User): Role {
  if (user.systemRole !== undefined) return user.systemRole
  const isMember = (group: string): boolean => state.groups.get(group)?.members.includes(userKey(user.id)) === true
  if (state.setup !== undefined && isMember(state.setup.ownerGroup)) return 'Admin'
  return rolesByGroup.find(([group]) => isMember(group))?.[1] ?? 'MarketOps'
}

/**
 * Who signs in with this address; undefined when nobody here has it. Before the set-up these are the founders whom the node
 * admins pinned, as Admin: the first users will be the same people.
 */
export function callerOf(state: VaultState, email: string): Caller | undefined {
  const user = state.users.get(userKey(email))
  if (user !== undefined)
    return user.deleted || user.systemRole !== undefined
      ? undefined
      : { id: user.id, name: user.name, role: roleOf(state, user), kind: 'user' }
  const founder = state.genesis.founders.find(id => userKey(id) === userKey(email))
  if (state.setup !== undefined || founder === undefined) return undefined
  return { id: founder, name: founder, role: 'Admin', kind: 'user' }
}

/** A role as the contract's closed enum can say it. */
function shownRole<R extends Role>(role: R): Exclude<R, 'Auditor'> | 'Viewer' {
  return role === 'Auditor' ? 'Viewer' : (role as Exclude<R, 'Auditor'>)
}

function stateOf(state: VaultState, user: User): UserState {
  if (user.deleted) return 'Deleted'
  if (user.systemRole !== undefined) return 'Active'
  return activeKeyOf(state, user.id) === undefined ? 'PendingOnboarding' : 'Active'
}

const byNumber = (a: User, b: User): number => a.number - b.number
const everyone = (state: VaultState): User[] => state.users.values().sort(byNumber)
const present = (state: VaultState): User[] => everyone(state).filter(user => !user.deleted)
const isoTime = (time: number): string => new Date(time).toISOString()

/** `Active`: a person with a device key, or a system user. */
function cwpUser(state: VaultState, user: User): CwpUser {
  return { ID: user.id, Name: user.name, Active: stateOf(state, user) === 'Active' }
}

function legacyUser(state: VaultState, user: User): Users['Users'][number] {
  const leaving = user.deleted ? undefined : leavingOf(state, user)
  return {
    Id: user.number,
    Name: user.name,
    IdpUserId: user.id,
    Role: shownRole(roleOf(state, user)),
    ...(leaving ?? { State: stateOf(state, user) }),
    CreatedAt: isoTime(user.createdAt),
  }
}

/** The pending reset or deletion of a user, if there is one: the gateway's states tell whom it waits for. */
function leavingOf(state: VaultState, user: User): { State: UserState; AsyncOperationID: string } | undefined {
  const open = state.pending
    .keys()
    .flatMap(id => state.operations.get(id) ?? [])
    .find(({ intent, phase }) => {
      const leaves = intent.OperationType === 'reset user' || intent.OperationType === 'delete user'
      return leaves && phase === 'pending' && userKey(intent.UserID) === userKey(user.id)
    })
  if (open === undefined) return undefined
  const what = open.type === 'reset user' ? 'PendingReset' : 'PendingDeletion'
  const status = statusOf(state, open)
  const whom = status === 'Pending confirmation' ? 'Confirmation' : status === 'Pending approval' ? 'Approval' : ''
  return { State: `${what}${whom}`, AsyncOperationID: open.id }
}

function systemUser(state: VaultState, user: User): Users['SystemUsers'][number] {
  return {
    Id: user.number,
    Name: user.name,
    MpaId: user.id,
    Role: shownRole(user.systemRole ?? 'Viewer'),
    State: stateOf(state, user),
    CreatedAt: isoTime(user.createdAt),
    WalletPublicKey: '',
  }
}

/** Users by kind; deleted ones are shown as such. `approver`: people only. */
export function usersOf(state: VaultState, { user_type }: QueryOf<'getAllUsers'>): Users {
  const all = everyone(state)
  const people = user_type === 'system_user' ? [] : all.filter(user => user.systemRole === undefined)
  const systems = user_type === 'approver' ? [] : all.filter(user => user.systemRole !== undefined)
  return {
    SystemUsers: systems.map(user => systemUser(state, user)),
    Users: people.map(user => legacyUser(state, user)),
  }
}

/** From the least privilege to the most. */
const privileges: readonly Role[] = ['AutomatedApprover', 'Auditor', 'Viewer', 'MarketOps', 'Admin']

/** People who may confirm for a system user; with `role` those who have at least its privilege. */
export function confirmersOf(state: VaultState, { role }: QueryOf<'getAllConfirmers'>): Users {
  const least = role === undefined ? 0 : privileges.indexOf(role as Role)
  const people = present(state).filter(
    user => user.systemRole === undefined && privileges.indexOf(roleOf(state, user)) >= least,
  )
  return { SystemUsers: [], Users: people.map(user => legacyUser(state, user)) }
}

/** The caller as the log knows it, or as it was authenticated when the log does not. */
export function userInfoOf(state: VaultState, caller: Caller): ExactResponseOf<'getUserInfo'> {
  const user = state.users.get(userKey(caller.id))
  return {
    Name: user?.name ?? caller.name,
    Email: user?.id ?? caller.id,
    Role: shownRole(caller.role),
    Status: user === undefined ? 'Active' : stateOf(state, user),
  }
}

/** Throws `ServiceError` bad-request. */
export function userByIdOf(state: VaultState, id: string): CwpUser {
  return cwpUser(
    state,
    known(() => userOf(state, id)),
  )
}

/** Registered people and programs, without deleted ones. */
export function listUsersOf(state: VaultState): CwpUser[] {
  return present(state).map(user => cwpUser(state, user))
}

/** Groups by name, members as their ids were written. */
export function groupsOf(state: VaultState): Record<string, string[]> {
  const groups = state.groups.values().sort((a, b) => (a.name < b.name ? -1 : 1))
  return Object.fromEntries(groups.map(({ name, members }) => [name, members.map(member => spelling(state, member))]))
}

/** Throws `ServiceError` bad-request. */
export function groupMembersOf(state: VaultState, group: string): CwpUser[] {
  return known(() => groupOf(state, group)).members.flatMap(member => {
    const user = state.users.get(member)
    return user === undefined ? [] : [cwpUser(state, user)]
  })
}

/** A user id as it was registered. */
export function spelling(state: VaultState, user: string): string {
  return state.users.get(userKey(user))?.id ?? user
}

function known<T>(body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof VaultError)) throw error
    throw new ServiceError('bad-request', error.message, {
      cause: error,
      errorCode: serviceError(error).errorCode ?? '',
    })
  }
}
