import { equalBytes, fromBase64 } from '@trivault/codec'
import { type Intent, type IntentOf, type OperationType, require, sha256, VaultError } from '@trivault/protocol'
import { registerCustomChain, registerToken, unregisterChain, unregisterToken } from './assets.ts'
import { seal, setIssuerKeys } from './founding.ts'
import { foundAgain } from './founding-epoch.ts'
import { unfreeze } from './freeze.ts'
import { createAccount, requestMasterKey, requestRefresh } from './keys.ts'
import { activeMasterKeyOf } from './lookup.ts'
import { addUser, deleteUser, renameGroup, resetUser, setDeviceKey, updateGroup } from './people.ts'
import { updateRates } from './rates.ts'
import { updateConfigRestriction, updatePolicyRestriction, updateTransactionRestriction } from './restrictions.ts'
import { updateSettings } from './settings.ts'
import { checkSigningIntent, isSigning } from './signing.ts'
import type { Position, VaultState } from './state.ts'

function base64Of(text: string, field: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new VaultError('malformed', `${field} must be standard base64`, { cause })
  }
}

type Administrative = Exclude<OperationType, 'make transaction' | 'generic signing'>
/** The state after an operation. Throws `VaultError` where it does not fit the vault. */
type Effect<T extends Administrative> = (
  state: VaultState,
  intent: IntentOf<T>,
  at: Position,
  operationId: string,
) => VaultState

/** What each administrative operation does once it is approved. */
const effects: { readonly [T in Administrative]: Effect<T> } = {
  'register user': (state, intent, at) => addUser(state, intent.UserID, intent.UserName, at.time),
  'set user public key': (state, intent, at) =>
    setDeviceKey(state, intent.UserID, base64Of(intent.PublicKey, 'PublicKey'), at.time),
  seal: (state, intent, at) => seal(state, intent, at.time),
  'found again': foundAgain,
  'set issuer keys': (state, intent) => setIssuerKeys(state, intent.Thumbprints),
  'delete user': (state, intent, at) => deleteUser(state, intent.UserID, intent.UserName, at.time),
  'reset user': (state, intent, at) => resetUser(state, intent.UserID, intent.UserName, at.time),
  'update group': (state, intent) => updateGroup(state, intent.Group, intent.AddUsers, intent.RemoveUsers),
  'rename group': (state, intent) => renameGroup(state, intent.OldName, intent.NewName),
  'create master key': (state, intent, at, operationId) => requestMasterKey(state, intent.Name, [], operationId, at),
  'create account': (state, intent, at) => createAccount(state, intent.MasterKey, intent.Name, at),
  'set ers public key': (state, intent) => {
    require(equalBytes(
      sha256(base64Of(intent.Key, 'Key')),
      state.genesis.ersFingerprint,
    ), 'ers-key-not-pinned', 'this is not the ERS key whose fingerprint the node admins pinned')
    return state
  },
  'backup master key': (state, intent) => {
    activeMasterKeyOf(state, intent.Name)
    return state
  },
  'refresh master key': (state, intent, _at, operationId) =>
    requestRefresh(state, intent.Name, intent.Epoch, operationId),
  'update transaction restriction': updateTransactionRestriction,
  'update config restriction': updateConfigRestriction,
  'update policy restriction': updatePolicyRestriction,
  'update settings': updateSettings,
  unfreeze,
  'update rates': (state, intent) => updateRates(state, intent.Updates),
  'register custom chain': registerCustomChain,
  'unregister chain': (state, intent) => unregisterChain(state, intent.CAIP2),
  'register token': registerToken,
  'unregister token': (state, intent) => unregisterToken(state, intent.CAIP19),
}

const nowhere: Position = { seq: 0, time: 0, index: 0 }

/** Checks of an intent by its type, at start and again at execute: would it do what it says? Throws `VaultError`. */
export function checkIntent(state: VaultState, intent: Intent): void {
  if (!isSigning(intent)) {
    performIntent(state, '', intent, nowhere)
    return
  }
  require(state.sealedAt !==
    undefined, 'not-sealed', 'the vault is not sealed yet: the owners have to pair their devices first')
  checkSigningIntent(state, intent)
}

/**
 * What an approved administrative operation does. `done: false`: it goes on until a later command ends it (new master key, refresh).
 * Operations that sign are executed elsewhere, with their transaction bytes.
 */
export function performIntent(
  state: VaultState,
  operationId: string,
  intent: Intent,
  at: Position,
): { state: VaultState; done: boolean } {
  const type = intent.OperationType
  if (type === 'make transaction' || type === 'generic signing')
    throw new VaultError('internal-error', 'a signing operation is executed with its transaction')
  const effect = effects[type] as Effect<typeof type>
  const done = type !== 'create master key' && type !== 'refresh master key'
  return { state: effect(state, intent as never, at, operationId), done }
}
