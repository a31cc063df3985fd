import { equalBytes, fromBase64 } from '@trivault/codec'
import { functionNames, type Intent, require, sha256, transactionRestriction, VaultError } from '@trivault/protocol'
import { customChainOf, registerCustomChain, registerToken, tokenOf } from './assets.ts'
import { checkNewAccount, createAccount, requestMasterKey } from './keys.ts'
import { activeMasterKeyOf, groupOf, userOf } from './lookup.ts'
import { addUser, checkDeviceKey, checkName, setDeviceKey, updateGroup } from './people.ts'
import { checkSigningIntent } from './signing.ts'
import type { Position, VaultState } from './state.ts'

function base64Of(text: string, field: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new VaultError('malformed', `${field} must be standard base64`, { cause })
  }
}

/** Checks of an intent by its type, at start and again at execute. Throws `VaultError`. */
export function checkIntent(state: VaultState, intent: Intent): void {
  switch (intent.OperationType) {
    case 'make transaction':
    case 'generic signing':
      require(state.sealedAt !==
        undefined, 'not-sealed', 'the vault is not sealed yet: the owners have to pair their devices first')
      checkSigningIntent(state, intent)
      return
    case 'register user':
      addUser(state, intent.UserID, intent.UserName, 0)
      return
    case 'set user public key': {
      const user = userOf(state, intent.UserID)
      require(user.systemRole ===
        undefined, 'malformed', `${intent.UserID} is a system user and cannot hold a device key`)
      checkDeviceKey(state, base64Of(intent.PublicKey, 'PublicKey'))
      return
    }
    case 'update group':
      groupOf(state, intent.Group)
      updateGroup(state, intent.Group, intent.AddUsers, intent.RemoveUsers)
      return
    case 'create master key':
      checkName(intent.Name, 'master key name')
      require(!state.masterKeys.has(intent.Name), 'duplicate-master-key', `master key ${intent.Name} exists`)
      return
    case 'create account':
      checkNewAccount(state, intent.MasterKey, intent.Name)
      return
    case 'set ers public key':
      require(equalBytes(
        sha256(base64Of(intent.Key, 'Key')),
        state.genesis.ersFingerprint,
      ), 'ers-key-not-pinned', 'this is not the ERS key whose fingerprint the node admins pinned')
      return
    case 'backup master key':
      activeMasterKeyOf(state, intent.Name)
      return
    case 'update transaction restriction':
      checkRestriction(state, intent)
      return
    case 'register custom chain':
      customChainOf(intent)
      registerCustomChain(state, intent)
      return
    case 'register token':
      tokenOf(state, intent)
      registerToken(state, intent)
      return
  }
}

function checkRestriction(
  state: VaultState,
  intent: Extract<Intent, { OperationType: 'update transaction restriction' }>,
): void {
  const { Add, Delete } = intent
  if (Delete !== undefined) {
    const { RestrictionID: id, ...shown } = Delete
    const existing = state.restrictions.get(id)
    if (existing === undefined) throw new VaultError('unknown-restriction', `no restriction ${id}`)
    // What else Delete says is read by approvers: it must be true.
    require(Object.keys(shown).length === 0 ||
      transactionRestriction.write(Delete) ===
        transactionRestriction.write(
          existing,
        ), 'bad-restriction', `Delete differs from restriction ${id} as it stands: give its RestrictionID alone, or all of it`)
  }
  if (Add === undefined) return
  for (const listed of [...(Add.TransactionFunction?.Only ?? []), ...(Add.TransactionFunction?.Except ?? [])])
    require(functionNames.some(
      known => known === listed,
    ), 'bad-restriction', `TransactionFunction: no function is named "${listed}": one of ${functionNames.join(', ')}`)
  const replaced = Delete?.RestrictionID === Add.RestrictionID
  require(replaced ||
    !state.restrictions.has(
      Add.RestrictionID,
    ), 'bad-restriction', `restriction ${Add.RestrictionID} exists: name it in Delete too, to replace it`)
  for (const { Groups } of Add.Approvers ?? []) for (const group of Groups) groupOf(state, group)
}

/**
 * What an approved administrative operation does. `done: false`: it goes on until a later command ends it (new master key).
 * Operations that sign are executed elsewhere, with their transaction bytes.
 */
export function performIntent(
  state: VaultState,
  operationId: string,
  intent: Intent,
  at: Position,
): { state: VaultState; done: boolean } {
  const done = (next: VaultState) => ({ state: next, done: true })
  switch (intent.OperationType) {
    case 'register user':
      return done(addUser(state, intent.UserID, intent.UserName, at.time))
    case 'set user public key':
      return done(setDeviceKey(state, intent.UserID, base64Of(intent.PublicKey, 'PublicKey'), at.time))
    case 'update group':
      return done(updateGroup(state, intent.Group, intent.AddUsers, intent.RemoveUsers))
    case 'create master key':
      return { state: requestMasterKey(state, intent.Name, [], operationId, at), done: false }
    case 'create account':
      return done(createAccount(state, intent.MasterKey, intent.Name, at))
    case 'set ers public key':
    case 'backup master key':
      return done(state)
    case 'update transaction restriction': {
      let { restrictions } = state
      if (intent.Delete !== undefined) restrictions = restrictions.delete(intent.Delete.RestrictionID)
      if (intent.Add !== undefined) restrictions = restrictions.set(intent.Add.RestrictionID, intent.Add)
      return done({ ...state, restrictions })
    }
    case 'register custom chain':
      return done(registerCustomChain(state, intent))
    case 'register token':
      return done(registerToken(state, intent))
    case 'make transaction':
    case 'generic signing':
      throw new VaultError('internal-error', 'a signing operation is executed with its transaction')
  }
}
