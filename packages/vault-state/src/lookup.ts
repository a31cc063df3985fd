import { comparableAddress } from '@trivault/chains'
import { type Curve, VaultError } from '@trivault/protocol'
import {
  type Account,
  type Address,
  accountKey,
  addressKey,
  type CurveKey,
  type DeviceKey,
  type Group,
  type MasterKey,
  type Operation,
  type RegisteredChain,
  type User,
  userKey,
  type VaultState,
} from './state.ts'

/** A registered, not deleted user. Throws `VaultError` unknown-user. */
export function userOf(state: VaultState, id: string): User {
  const user = state.users.get(userKey(id))
  if (user === undefined || user.deleted) throw new VaultError('unknown-user', `no user ${id}: register the user first`)
  return user
}

/** The user's device key, if there is one and it counts. */
export function activeKeyOf(state: VaultState, id: string): DeviceKey | undefined {
  const keyId = state.users.get(userKey(id))?.keyId
  const key = keyId === undefined ? undefined : state.deviceKeys.get(keyId)
  return key?.active === true ? key : undefined
}

/** Throws `VaultError` unknown-group. */
export function groupOf(state: VaultState, name: string): Group {
  const group = state.groups.get(name)
  if (group === undefined) throw new VaultError('unknown-group', `no group ${name}`)
  return group
}

/** Names of the groups that a user is a member of, sorted. */
export function groupsOf(state: VaultState, id: string): string[] {
  const key = userKey(id)
  return state.groups
    .values()
    .filter(group => group.members.includes(key))
    .map(group => group.name)
    .sort()
}

/** Throws `VaultError` unknown-chain. */
export function chainOf(state: VaultState, caip2: string): RegisteredChain {
  const chain = state.chains.get(caip2)
  if (chain === undefined)
    throw new VaultError(
      'unknown-chain',
      `chain ${caip2} is not registered: use chains/registerknown or registerCustomChain`,
    )
  return chain
}

/** A master key, active or being made. Throws `VaultError` unknown-master-key. */
export function masterKeyOf(state: VaultState, name: string): MasterKey {
  const key = state.masterKeys.get(name)
  if (key === undefined) throw new VaultError('unknown-master-key', `no master key ${name}`)
  return key
}

/** A key with a verified backup (I7). Throws `VaultError` master-key-not-active. */
export function activeMasterKeyOf(state: VaultState, name: string): MasterKey {
  const key = masterKeyOf(state, name)
  if (key.status !== 'active')
    throw new VaultError('master-key-not-active', `master key ${name} is still being generated and backed up`)
  return key
}

/** The epoch of the shares that the nodes are to make now: 0 for a new key, the next one in a refresh, else none. */
export function awaitedEpoch(state: VaultState, { status, epoch, refresh }: MasterKey): number | undefined {
  if (status === 'requested') return 0
  return refresh !== undefined && state.operations.get(refresh)?.phase === 'executing' ? epoch + 1 : undefined
}

/** The operation that asked for the awaited shares; empty for the key of the setup. Every key report names it. */
export function requestOf({ status, operationId, refresh }: MasterKey): string {
  return (status === 'requested' ? operationId : refresh) ?? ''
}

/** An active master key on one curve. Throws `VaultError` master-key-not-active. */
export function curveKeyOf(key: MasterKey, curve: Curve): CurveKey {
  const found = key.keys.find(one => one.curve === curve)
  if (found === undefined)
    throw new VaultError('master-key-not-active', `master key ${key.name} has no active key on ${curve}`)
  return found
}

/** Throws `VaultError` unknown-account. */
export function accountOf(state: VaultState, masterKey: string, account: string): Account {
  const found = state.accounts.get(accountKey(masterKey, account))
  if (found === undefined)
    throw new VaultError('unknown-account', `no account ${account} under master key ${masterKey}`)
  return found
}

/** An allocated address. Throws `VaultError` unknown-account or unknown-address. */
export function addressOf(
  state: VaultState,
  masterKey: string,
  account: string,
  slip44: number,
  index: number,
): Address {
  accountOf(state, masterKey, account)
  const found = state.addresses.get(addressKey(masterKey, account, slip44, index))
  if (found === undefined)
    throw new VaultError(
      'unknown-address',
      `address index ${index} of account ${account} is not allocated: get it with addresses/get first`,
    )
  return found
}

/** The vault's own address behind a text, if it is one. */
export function ownAddress(state: VaultState, text: string): Address | undefined {
  const key = state.addressOwners.get(comparableAddress(text))
  return key === undefined ? undefined : state.addresses.get(key)
}

/** Throws `VaultError` unknown-operation. */
export function operationOf(state: VaultState, id: string): Operation {
  const operation = state.operations.get(id)
  if (operation === undefined) throw new VaultError('unknown-operation', `no operation ${id}`)
  return operation
}
