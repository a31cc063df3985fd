import { userKey, userOf, type VaultState } from '@trivault/vault-state'
import type { Caller, StartRequest } from './service.ts'

/**
 * Who is named as initiator: whom the request names, else the caller where that is a user. A caller who asks for another key for
 * themself may have lost the device that would have to sign: nobody is named then, and the owners decide. Throws `VaultError`
 * unknown-user.
 */
export function initiatorOf(state: VaultState, caller: Pick<Caller, 'id'>, request: StartRequest): string {
  if (request.initiatorId !== undefined) return userOf(state, request.initiatorId).id
  if (!state.users.has(userKey(caller.id))) return ''
  const renews = request.segment === 'setUserPublicKey' || request.segment === 'resetUser'
  if (renews && userKey(request.payload.UserID) === userKey(caller.id)) return ''
  return userOf(state, caller.id).id
}
