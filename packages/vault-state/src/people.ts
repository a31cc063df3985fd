import { p256 } from '@noble/curves/nist.js'
import { toHex } from '@trivault/codec'
import { type CommandOf, fields, require, type SystemRole, sha256, VaultError } from '@trivault/protocol'
import { activeKeyOf, groupOf, userOf } from './lookup.ts'
import { type Group, type User, userKey, type VaultState } from './state.ts'

/** The contract's setup and system calls act as this user, which has no device key and so can approve nothing. */
export const bootstrapUser = 'bootstrap@system.trivault'

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
  require(existing === undefined, 'duplicate-user', `user ${id} is registered already`)
  const user: User = {
    id,
    name,
    number: state.counter + 1,
    createdAt: time,
    systemRole: system?.role,
    confirmer: system?.confirmer,
    deleted: false,
    keyId: undefined,
  }
  return { ...state, counter: state.counter + 1, users: state.users.set(userKey(id), user) }
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

/** Hex SHA-256 of a device's public key. */
export function deviceKeyId(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey))
}

/** Makes `publicKey` the user's only active key. Locally no ID token is asked for, so the key is marked automated. */
export function setDeviceKey(state: VaultState, userId: string, publicKey: Uint8Array, time: number): VaultState {
  const user = userOf(state, userId)
  checkDeviceKey(state, publicKey)
  const id = deviceKeyId(publicKey)
  let { deviceKeys } = state
  const old = user.keyId === undefined ? undefined : deviceKeys.get(user.keyId)
  if (old !== undefined) deviceKeys = deviceKeys.set(old.id, { ...old, active: false })
  deviceKeys = deviceKeys.set(id, { id, user: userKey(userId), publicKey, active: true, automated: true })
  return sealIfReady({ ...state, deviceKeys, users: state.users.set(userKey(userId), { ...user, keyId: id }) }, time)
}

/** Mode `open`: before the seal an owner's first key is free. For one machine only: an enclave refuses it. */
export function isOpenFounding({ genesis, sealedAt }: VaultState): boolean {
  return sealedAt === undefined && genesis.foundingMode === 'open' && genesis.profile === 'local'
}

export function isOwner({ setup, groups }: VaultState, id: string): boolean {
  return setup !== undefined && groups.get(setup.ownerGroup)?.members.includes(userKey(id)) === true
}

/** Mode `open`: the vault seals itself when the required number of owners have keys (protocol-notes §2). */
function sealIfReady(state: VaultState, time: number): VaultState {
  const { setup } = state
  if (setup === undefined || !isOpenFounding(state)) return state
  return ownersWithKeys(state, groupOf(state, setup.ownerGroup).members) >= setup.ownersRequired
    ? { ...state, sealedAt: time }
    : state
}

export function ownersWithKeys(state: VaultState, members: readonly string[]): number {
  return members.filter(member => activeKeyOf(state, member) !== undefined).length
}

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
  if (state.setup?.ownerGroup === groupName) {
    const left = state.sealedAt === undefined ? members.size : ownersWithKeys(state, [...members])
    require(left >=
      state.setup
        .ownersRequired, 'quorum-would-break', `${state.setup.ownersRequired} owner(s) with device keys must remain in ${groupName}`)
  }
  return { ...state, groups: state.groups.set(groupName, { name: groupName, members: [...members].sort() }) }
}

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
export function deleteSystemUser(state: VaultState, id: string): VaultState {
  const user = userOf(state, id)
  require(user.systemRole !== undefined, 'unknown-user', `${id} is not a system user: start deleteUser`)
  return { ...state, users: state.users.set(userKey(id), { ...user, deleted: true }) }
}
