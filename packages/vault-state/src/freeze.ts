import { type IntentOf, require, VaultError } from '@trivault/protocol'
import { isFoundingAgain } from './founding-epoch.ts'
import type { VaultState } from './state.ts'

/** Throws `VaultError` frozen. */
export function requireThawed(state: VaultState): void {
  const { freeze } = state
  require(!isFoundingAgain(state), 'frozen', 'the vault is being founded anew: nothing is signed')
  if (freeze !== undefined)
    throw new VaultError('frozen', `${freeze.by} froze the vault: nothing is signed until the owners unfreeze it`)
}

/** Lifts the freeze that the intent names, not a later one: no approval is kept for that. */
export function unfreeze(state: VaultState, { Freeze }: IntentOf<'unfreeze'>): VaultState {
  const { freeze } = state
  if (freeze === undefined) throw new VaultError('not-frozen', 'the vault is not frozen')
  require(!isFoundingAgain(state), 'frozen', 'the vault is being founded anew: veto that first')
  require(freeze.number === Freeze, 'not-frozen', `the freeze in force is number ${freeze.number}`)
  return { ...state, freeze: undefined }
}
