import { ed25519 } from '@noble/curves/ed25519.js'
import { equalBytes, toHex } from '@trivault/codec'
import {
  type CommandOf,
  encodeIntent,
  type FoundingEpoch,
  foundingEpochDigest,
  foundingEpochOperation,
  type IntentOf,
  require,
  VaultError,
} from '@trivault/protocol'
import { groupOf } from './lookup.ts'
import { addUser, checkUserId, withoutKey } from './people.ts'
import { PersistentMap } from './persistent-map.ts'
import { checkQuorums } from './quorums.ts'
import { type Position, userKey, type VaultState } from './state.ts'

/**
 * The owner quorum is lost and all three node admins pinned new owners: each node signed the same epoch. Nothing is signed for a
 * chain from now on; the operation of the epoch may be started. Throws `VaultError` bad-founding-epoch, not-sealed and others.
 */
export function endorse(state: VaultState, command: CommandOf<'endorse'>, time: number): VaultState {
  const { epoch, owners, required, signatures } = command
  require(state.sealedAt !== undefined ||
    state.epoch > 0, 'not-sealed', 'a vault that was never sealed is still being founded')
  const last = state.endorsed?.epoch ?? 0
  require(epoch > last, 'bad-founding-epoch', `the epoch must be above ${last}`)
  checkOwners(state, { epoch, owners, required })
  const digest = foundingEpochDigest(state.vaultId, command)
  const { identityKeys } = state.genesis
  require(signatures.length === identityKeys.length, 'bad-founding-epoch', 'all three nodes must sign')
  identityKeys.forEach((identity, node) => {
    const signature = signatures[node] ?? new Uint8Array(0)
    require(isSignature(signature, digest, identity), 'bad-founding-epoch', `node ${node} did not sign this epoch`)
  })
  const number = state.freezes + 1
  const freeze = { number, by: 'the node admins', at: time }
  return { ...state, endorsed: { epoch, owners, required }, freezes: number, freeze: state.freeze ?? freeze }
}

function isSignature(signature: Uint8Array, digest: Uint8Array, identity: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, digest, identity, { zip215: false })
  } catch {
    return false
  }
}

function checkOwners({ genesis, users, deviceKeys }: VaultState, { owners, required }: FoundingEpoch): void {
  const bad = (message: string): never => {
    throw new VaultError('bad-founding-epoch', message)
  }
  if (new Set(owners.map(({ id }) => userKey(id))).size !== owners.length) bad('an owner is listed twice')
  if (required < 1 || required > owners.length) bad('the number required is from 1 to the number of owners')
  const pinned = genesis.foundingMode === 'pinned'
  for (const { id, name, key } of owners) {
    checkUserId(id)
    const known = users.get(userKey(id))
    if (known?.systemRole !== undefined && !known.deleted) bad(`${id} is a system user`)
    if (known !== undefined && !known.deleted && known.name !== name) bad(`${id} is registered as "${known.name}"`)
    if (pinned !== (key !== undefined)) bad('a key fingerprint belongs to each owner in mode pinned, and nowhere else')
    // Such a key could not be set, and the vault never be sealed.
    if (key !== undefined && deviceKeys.has(toHex(key))) bad(`the key of ${id} is or was registered: pin a new one`)
  }
  const keys = owners.flatMap(({ key }) => (key === undefined ? [] : [toHex(key)]))
  if (new Set(keys).size !== keys.length) bad('a key is listed twice')
}

type EpochRecord = Pick<IntentOf<'found again'>, 'Epoch' | 'Owners' | 'ApprovalsRequired'>

/** The endorsed epoch as its operation says it. Throws `VaultError` bad-founding-epoch. */
export function foundingEpochRecord({ endorsed }: VaultState): EpochRecord {
  if (endorsed === undefined) throw new VaultError('bad-founding-epoch', 'the node admins have pinned no new founding')
  return {
    Epoch: endorsed.epoch,
    Owners: endorsed.owners.map(({ id, name, key }) => ({
      UserID: id,
      UserName: name,
      ...(key !== undefined && { KeyFingerprint: toHex(key) }),
    })),
    ApprovalsRequired: endorsed.required,
  }
}

/** Does the operation of an epoch wait? Then signing stays frozen. */
export function isFoundingAgain({ endorsed, operations }: VaultState): boolean {
  return endorsed !== undefined && operations.get(foundingEpochOperation(endorsed.epoch))?.phase === 'pending'
}

/**
 * Founding begins again: the owner group is the pinned owners, none of whom has a key, and nothing counts before their seal.
 * Accounts, keys of the vault, restrictions and other groups stay. Throws `VaultError` intent-mismatch, quorum-would-break and
 * others.
 */
export function foundAgain(state: VaultState, intent: IntentOf<'found again'>, at: Position): VaultState {
  const { setup, endorsed } = state
  const actual = encodeIntent({ ...intent, ...foundingEpochRecord(state) })
  require(equalBytes(actual, encodeIntent(intent)) &&
    intent.OperationID ===
      foundingEpochOperation(
        intent.Epoch,
      ), 'intent-mismatch', `this is not what the node admins pinned; the operation id must be ${foundingEpochOperation(endorsed?.epoch ?? 0)}`)
  if (setup === undefined || endorsed === undefined) throw new VaultError('not-set-up', 'set up the tenant first')
  let next: VaultState = { ...state, epoch: endorsed.epoch, sealedAt: undefined, freeze: undefined }
  for (const { id, name } of endorsed.owners) {
    const known = next.users.get(userKey(id))
    if (known === undefined || known.deleted) next = addUser(next, id, name, at.time)
  }
  const members = endorsed.owners.map(({ id }) => userKey(id)).sort()
  for (const member of new Set([...groupOf(state, setup.ownerGroup).members, ...members]))
    next = withoutKeyOf(next, member, at.time)
  return checkQuorums({
    ...next,
    // What was vouched for in the old days makes no key of a new owner free.
    vouchings: PersistentMap.empty(),
    setup: { ...setup, ownersRequired: endorsed.required },
    groups: next.groups.set(setup.ownerGroup, { name: setup.ownerGroup, members }),
  })
}

/** Old and new owners begin without a key: what was lost may have been found by somebody else. */
function withoutKeyOf(state: VaultState, id: string, time: number): VaultState {
  const user = state.users.get(id)
  return user?.keyId === undefined ? state : withoutKey(state, user, time)
}
