import { p256 } from '@noble/curves/nist.js'
import { type CommandOf, fields, require, type SystemRole, VaultError } from '@trivault/protocol'
import { channelOf, checkFoundingKey, deviceKeyId, sealIfReady } from './founding.ts'
import { groupOf, groupsOf, userOf } from './lookup.ts'
import { checkQuorums } from './quorums.ts'
import { withGroupRenamed, withRestrictions } from './restrictions.ts'
import { type DeviceKey, type Group, type User, userKey, type VaultState } from './state.ts'

/** The contract's setup and system calls act as this user, which has no device key and so can approve nothing. */
export const bootstrapUser = 'bootstrap@system.trivault'

/** A name of a group, master key or account, as it is. Throws `VaultError` malformed, which says `what` it was to name. */
export function checkName(value: string, what: string): string {
  try {
    return fields.name.read(value)
  } catch (cause) {
    throw new VaultError(
      'malformed',
      `${what} "${value}" must be words of letters, digits and _, joined by single spaces`,
      { cause },
    )
  }
}

/** A user id as it is. Throws `VaultError` malformed. */
export function checkUserId(value: string): string {
  try {
    return fields.userId.read(value)
  } catch (cause) {
    throw new VaultError('malformed', `user id "${value}" must be an e-mail address of ASCII characters`, { cause })
  }
}

/** An intent repeats the name of its initiator, so it must be fit to stand there. */
function checkDisplayName(value: string): void {
  try {
    require(fields.displayName.read(value).trim() !== '', 'malformed', 'a user name is not empty')
  } catch (cause) {
    throw new VaultError('malformed', 'a user name has 1 to 128 characters, none of them control or bidirectional', {
      cause,
    })
  }
}

/**
 * Registers a person or, with `system`, a program; a deleted user comes back under the old number. Throws `VaultError`
 * malformed, duplicate-user.
 */
export function addUser(
  state: VaultState,
  id: string,
  name: string,
  time: number,
  system?: { role: SystemRole; confirmer: string | undefined },
): VaultState {
  checkUserId(id)
  checkDisplayName(name)
  const existing = state.users.get(userKey(id))
  // A person may take an id that a system user had, so that nobody keeps it from people; not the other way round.
  const returns = existing?.deleted === true && (system === undefined || existing.systemRole !== undefined)
  require(existing === undefined || returns, 'duplicate-user', `user ${id} is registered already`)
  const counter = existing === undefined ? state.counter + 1 : state.counter
  const user: User = {
    id,
    name,
    number: existing?.number ?? counter,
    createdAt: time,
    systemRole: system?.role,
    confirmer: system?.confirmer,
    deleted: false,
    revokedAt: existing?.revokedAt,
    keyId: undefined,
  }
  return { ...state, counter, users: state.users.set(userKey(id), user) }
}

/** Checks a device key: uncompressed P-256 point, never used before. Throws `VaultError` bad-public-key. */
export function checkDeviceKey(state: VaultState, publicKey: Uint8Array): void {
  try {
    if (publicKey.length !== 65 || publicKey[0] !== 4) throw new Error('65 bytes beginning with 4 expected')
    p256.Point.fromBytes(publicKey).assertValidity()
  } catch (cause) {
    throw new VaultError(
      'bad-public-key',
      'a device key is an uncompressed P-256 point: 0x04, X, Y, 65 bytes in base64',
      { cause },
    )
  }
  require(!state.deviceKeys.has(
    deviceKeyId(publicKey),
  ), 'bad-public-key', 'this key is or was registered: a device key belongs to one user, once')
}

/** Makes `publicKey` the user's only active key. Throws `VaultError`. */
export function setDeviceKey(state: VaultState, userId: string, publicKey: Uint8Array, time: number): VaultState {
  const user = userOf(state, userId)
  require(user.systemRole === undefined, 'malformed', `${userId} is a system user and cannot hold a device key`)
  checkDeviceKey(state, publicKey)
  checkFoundingKey(state, userId, publicKey)
  const id = deviceKeyId(publicKey)
  const bare = withoutKey(state, user)
  const key: DeviceKey = {
    id,
    user: userKey(userId),
    publicKey,
    active: true,
    channel: channelOf(state, userId, publicKey),
  }
  const next = {
    ...bare,
    deviceKeys: bare.deviceKeys.set(id, key),
    users: bare.users.set(userKey(userId), { ...user, keyId: id }),
  }
  return sealIfReady(checkQuorums(next), time)
}

/**
 * Without the key of `user`: what it signed counts no more. Its freezes and vetoes neither, so that the next key counts them anew and
 * whoever had the old one has not used up the numbers.
 */
export function withoutKey(state: VaultState, user: User, revokedAt = user.revokedAt): VaultState {
  const id = userKey(user.id)
  const old = user.keyId === undefined ? undefined : state.deviceKeys.get(user.keyId)
  return {
    ...state,
    deviceKeys: old === undefined ? state.deviceKeys : state.deviceKeys.set(old.id, { ...old, active: false }),
    holdCounters: state.holdCounters.delete(id),
    users: state.users.set(id, { ...user, keyId: undefined, revokedAt }),
  }
}

/** A person as approvers read of them: the name must be the registered one. Throws `VaultError`. */
function personOf(state: VaultState, id: string, name: string): User {
  const user = userOf(state, id)
  require(user.systemRole === undefined, 'malformed', `${id} is a system user: use /api/systems`)
  require(user.name === name, 'intent-mismatch', `UserName must be "${user.name}"`)
  return user
}

/** A lost device: the person's key is gone, everything else stays. Throws `VaultError`. */
export function resetUser(state: VaultState, id: string, name: string, time: number): VaultState {
  const user = personOf(state, id, name)
  require(user.keyId !== undefined, 'unknown-key', `${id} has no device key`)
  return checkQuorums(withoutKey(state, user, time))
}

/** Takes a person's key and every membership. Throws `VaultError`. */
export function deleteUser(state: VaultState, id: string, name: string, time: number): VaultState {
  const user = personOf(state, id, name)
  const key = userKey(id)
  let { groups } = state
  for (const group of groupsOf(state, id)) {
    const members = groupOf(state, group).members.filter(member => member !== key)
    groups = groups.set(group, { name: group, members })
  }
  return checkQuorums({ ...withoutKey(state, { ...user, deleted: true }, time), groups })
}

/** An empty group; one that exists is left as it is. Throws `VaultError` malformed. */
export function createGroup(state: VaultState, name: string): VaultState {
  checkName(name, 'group name')
  if (state.groups.has(name)) return state
  return { ...state, groups: state.groups.set(name, { name, members: [] }) }
}

/** Adds and removes members. Throws when fewer owners with keys than the quorum would remain. */
export function updateGroup(
  state: VaultState,
  groupName: string,
  add: readonly string[],
  remove: readonly string[],
): VaultState {
  const group: Group = groupOf(state, groupName)
  require(add.length + remove.length > 0, 'malformed', 'give AddUsers, RemoveUsers or both')
  const members = new Set(group.members)
  for (const id of add) {
    const user = userOf(state, id)
    require(user.systemRole === undefined, 'malformed', `${id} is a system user: it has no device and cannot approve`)
    members.add(userKey(id))
  }
  for (const id of remove) require(members.delete(userKey(id)), 'unknown-user', `${id} is not a member of ${groupName}`)
  const changed = { name: groupName, members: [...members].sort() }
  return checkQuorums({ ...state, groups: state.groups.set(groupName, changed) })
}

/** Renames a group wherever it is named: in restrictions, as owner group, in what open operations need. */
export function renameGroup(state: VaultState, old: string, name: string): VaultState {
  const { members } = groupOf(state, old)
  checkName(name, 'group name')
  require(!state.groups.has(name), 'duplicate-group', `group ${name} exists`)
  const rename = (group: string) => (group === old ? name : group)
  let { operations } = state
  for (const id of state.pending.keys().sort()) {
    const operation = operations.get(id)
    if (operation === undefined) continue
    const needsAtStart = operation.needsAtStart.map(need =>
      need.kind === 'groups' ? { ...need, groups: need.groups.map(rename) } : need,
    )
    operations = operations.set(id, { ...operation, needsAtStart })
  }
  const renamed: VaultState = {
    ...state,
    operations,
    setup: state.setup && { ...state.setup, ownerGroup: rename(state.setup.ownerGroup) },
    groups: state.groups.delete(old).set(name, { name, members }),
    configRestrictions: withGroupRenamed(state.configRestrictions, rename),
    policyRestrictions: withGroupRenamed(state.policyRestrictions, rename),
  }
  return withRestrictions(renamed, withGroupRenamed(state.restrictions, rename))
}

/** Throws `VaultError` malformed, duplicate-user, and unknown-user for the confirmer. */
export function createSystemUser(state: VaultState, command: CommandOf<'createSystemUser'>, time: number): VaultState {
  if (command.confirmer !== undefined) userOf(state, command.confirmer)
  return addUser(state, systemUserId(command.name), command.name, time, {
    role: command.role,
    confirmer: command.confirmer,
  })
}

/** A system user's id: its name, when that is an e-mail address, or the name under our own domain. */
export function systemUserId(name: string): string {
  return name.includes('@')
    ? name
    : `${name
        .trim()
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')}@system.trivault`
}

/** Only system users can go this way: they hold no authority. */
export function deleteSystemUser(state: VaultState, id: string, time: number): VaultState {
  const user = userOf(state, id)
  require(user.systemRole !== undefined, 'unknown-user', `${id} is not a system user: start deleteUser`)
  return { ...state, users: state.users.set(userKey(id), { ...user, deleted: true, revokedAt: time }) }
}
