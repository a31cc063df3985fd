import { type CommandOf, enrolmentNonce, possessionMessage, require } from '@trivault/protocol'
import { verifyApproval } from './device-signature.ts'
import { deviceKeyId } from './founding.ts'
import { verifyIdToken } from './id-token.ts'
import { userOf } from './lookup.ts'
import { checkDeviceKey } from './people.ts'
import { userKey, type VaultState } from './state.ts'

/**
 * Records that the pinned identity provider vouched for a device key at log time `time`. Before the seal of mode `identity` this
 * is what a founder's key needs; afterwards it is evidence for those who approve the key, and decides its channel.
 * Throws `VaultError` not-vouched, bad-id-token, issuer-key-not-pinned, other-identity, no-possession, bad-public-key.
 */
export function vouch(state: VaultState, command: CommandOf<'vouch'>, time: number): VaultState {
  const { genesis, vaultId } = state
  const { userId, publicKey, channel, idToken, issuerKey, proof } = command
  const user = userOf(state, userId)
  require(user.systemRole === undefined, 'malformed', `${userId} is a system user and cannot hold a device key`)
  require(genesis.issuer !== '' &&
    genesis.claims.subject.length > 0, 'not-vouched', 'the pins of this vault name no identity provider')
  checkDeviceKey(state, publicKey)
  const { email, subject } = verifyIdToken(
    idToken,
    issuerKey,
    {
      issuer: genesis.issuer,
      clientId: genesis.approverClientId,
      thumbprints: state.issuerKeys,
      claims: genesis.claims,
      nonce: enrolmentNonce(vaultId, userId, publicKey),
    },
    time,
  )
  const key = userKey(userId)
  require(email === key, 'bad-id-token', `${genesis.claims.email} is not ${userId}`)
  const bound = state.subjects.get(key)
  const holder = state.subjectOwners.get(subject)
  require((bound === undefined || bound === subject) &&
    (holder === undefined ||
      holder ===
        key), 'other-identity', `${userId} is bound to another account of the identity provider, or this account to another user`)
  require(verifyApproval(
    publicKey,
    possessionMessage({ vaultId, userId, publicKey, channel, idToken }),
    proof,
  ), 'no-possession', 'the device key has not signed this enrolment')
  return {
    ...state,
    subjects: state.subjects.set(key, subject),
    subjectOwners: state.subjectOwners.set(subject, key),
    vouchings: state.vouchings.set(deviceKeyId(publicKey), { user: key, channel, time }),
  }
}
