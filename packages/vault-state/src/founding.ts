import { equalBytes, toHex } from '@trivault/codec'
import {
  encodeIntent,
  type IntentOf,
  type KeyChannel,
  type personalChannels,
  require,
  sha256,
  VaultError,
} from '@trivault/protocol'
import { activeKeyOf, groupOf } from './lookup.ts'
import { type DeviceKey, userKey, type VaultState } from './state.ts'

/** Hex SHA-256 of a device's public key: the fingerprint that people compare. */
export function deviceKeyId(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey))
}

/** Is this user, by id in any case, a member of the owner group? Nobody is before the set-up. */
export function isOwner({ setup, groups }: VaultState, id: string): boolean {
  return setup !== undefined && groups.get(setup.ownerGroup)?.members.includes(userKey(id)) === true
}

/** Owners in `members` whose key can count for the owner quorum. */
export function ownersWithKeys(state: VaultState, members: readonly string[]): number {
  return members.filter(member => {
    const key = activeKeyOf(state, member)
    return key !== undefined && !isWeak(state, key)
  }).length
}

/** An automated key of an enclave: it counts only where a restriction names one of its groups (protocol-notes §3). */
export function isWeak({ genesis }: VaultState, key: DeviceKey): boolean {
  return genesis.profile === 'enclave' && key.channel === 'automated'
}

/** May this owner's key be set freely now: as the first one, vouched for, or pinned? Only before the seal (I9). */
export function isFreeKey(state: VaultState, userId: string, publicKey: Uint8Array): boolean {
  if (state.sealedAt !== undefined || !isOwner(state, userId)) return false
  switch (state.genesis.foundingMode) {
    case 'open':
      return state.genesis.profile === 'local' && activeKeyOf(state, userId) === undefined
    case 'identity':
      return isVouched(state, userId, publicKey)
    case 'pinned':
      return isPinned(state, userId, publicKey)
  }
}

/**
 * Refuses, before the seal, an owner's key that the founding mode cannot take; keys of others wait for the seal. Throws `VaultError`
 * not-vouched, key-not-pinned.
 */
export function checkFoundingKey(state: VaultState, userId: string, publicKey: Uint8Array): void {
  if (state.sealedAt !== undefined || !isOwner(state, userId)) return
  const mode = state.genesis.foundingMode
  if (mode === 'identity')
    require(isVouched(state, userId, publicKey), 'not-vouched', `no ID token of ${userId} vouches for this key`)
  if (mode === 'pinned')
    require(isPinned(state, userId, publicKey), 'key-not-pinned', `this is not the pinned key of ${userId}`)
}

function isVouched({ vouchings }: VaultState, userId: string, publicKey: Uint8Array): boolean {
  return vouchings.get(deviceKeyId(publicKey))?.user === userKey(userId)
}

function isPinned({ genesis, epoch, endorsed }: VaultState, userId: string, publicKey: Uint8Array): boolean {
  if (genesis.foundingMode !== 'pinned') return false
  // A newer epoch that was endorsed but has not come counts for nothing yet.
  const again =
    endorsed?.epoch === epoch ? endorsed.owners.find(({ id }) => userKey(id) === userKey(userId)) : undefined
  const founder = genesis.founders.findIndex(id => userKey(id) === userKey(userId))
  const pinned = epoch > 0 ? again?.key : genesis.founderKeys[founder]
  return pinned !== undefined && equalBytes(pinned, sha256(publicKey))
}

/** Where a key is used: as its ID token's enrolment says, or the CLI for a pinned one; any other key is `automated`. */
export function channelOf(state: VaultState, userId: string, publicKey: Uint8Array): KeyChannel {
  if (isVouched(state, userId, publicKey)) return state.vouchings.get(deviceKeyId(publicKey))?.channel ?? 'automated'
  return isPinned(state, userId, publicKey) ? 'cli' : 'automated'
}

/**
 * The seal that comes by itself (protocol-notes §2): in mode `open` when the required number of owners have keys, in mode `pinned`
 * when every pinned key is set. In mode `identity` the founders approve an operation.
 */
export function sealIfReady(state: VaultState, time: number): VaultState {
  const { setup, sealedAt, genesis } = state
  if (setup === undefined || sealedAt !== undefined) return state
  const { members } = groupOf(state, setup.ownerGroup)
  const withKeys = ownersWithKeys(state, members)
  const isReady =
    genesis.foundingMode === 'open'
      ? genesis.profile === 'local' && withKeys >= setup.ownersRequired
      : genesis.foundingMode === 'pinned' && withKeys === members.length
  return isReady ? { ...state, sealedAt: time } : state
}

type FoundingRecord = Pick<
  IntentOf<'seal'>,
  'Genesis' | 'Epoch' | 'OwnerGroup' | 'ApprovalsRequired' | 'Users' | 'MasterKeys' | 'Rates'
>

/**
 * What the founders approve: the pins, every device key with its fingerprint, the quorum, the master keys and the rates as they are now.
 * Throws `VaultError` not-set-up, already-sealed, founding-incomplete.
 */
export function foundingRecord(state: VaultState): FoundingRecord {
  const { setup, genesis } = state
  if (setup === undefined) throw new VaultError('not-set-up', 'set up the tenant first')
  require(state.sealedAt === undefined, 'already-sealed', 'the vault is sealed')
  require(genesis.foundingMode ===
    'identity', 'founding-incomplete', `a vault of founding mode ${genesis.foundingMode} is sealed by itself`)
  const users = groupOf(state, setup.ownerGroup).members.map(member => {
    const key = activeKeyOf(state, member)
    if (key === undefined) throw new VaultError('founding-incomplete', `${member} has no device key yet`)
    return { UserID: state.users.get(member)?.id ?? member, KeyFingerprint: key.id, Channel: personal(key) }
  })
  const masterKeys = state.masterKeys
    .keys()
    .sort()
    .flatMap(name => state.masterKeys.get(name) ?? [])
  return {
    Genesis: toHex(state.vaultId),
    Epoch: state.epoch,
    OwnerGroup: setup.ownerGroup,
    ApprovalsRequired: setup.ownersRequired,
    Users: users,
    MasterKeys: masterKeys.flatMap(({ name, status, keys }) => {
      require(status === 'active', 'founding-incomplete', `master key ${name} is still being made`)
      return keys.map(({ curve, publicKey, transcriptHash }) => ({
        Name: name,
        Curve: curve,
        PublicKey: toHex(publicKey),
        Transcript: toHex(transcriptHash),
      }))
    }),
    Rates: approvedRates(state),
  }
}

/** Without spot rates between two bounds: they change freely, and nothing goes by them. */
function approvedRates({ rates }: VaultState): FoundingRecord['Rates'] {
  return rates
    .keys()
    .sort()
    .map(Asset => {
      const { usdRate, usdMin, usdMax } = rates.get(Asset) ?? {}
      const isSpot = usdMin !== undefined && usdMax !== undefined
      return {
        Asset,
        ...(usdRate !== undefined && !isSpot && { USDRate: usdRate }),
        ...(usdMin !== undefined && { USDMin: usdMin }),
        ...(usdMax !== undefined && { USDMax: usdMax }),
      }
    })
}

function personal({ channel, user }: DeviceKey): (typeof personalChannels)[number] {
  if (channel === 'automated') throw new VaultError('founding-incomplete', `the key of ${user} is an automated one`)
  return channel
}

/** Seals the vault if the record is what it claims; one that went stale must be approved anew. Throws `VaultError`. */
export function seal(state: VaultState, intent: IntentOf<'seal'>, time: number): VaultState {
  const actual = encodeIntent({ ...intent, ...foundingRecord(state) })
  require(equalBytes(
    actual,
    encodeIntent(intent),
  ), 'intent-mismatch', 'the founding record differs from the vault as it is now: start seal again')
  return { ...state, sealedAt: time }
}

/** From now on ID tokens count that were signed by these keys of the issuer, and no other. */
export function setIssuerKeys(state: VaultState, thumbprints: readonly string[]): VaultState {
  require(new Set(thumbprints).size === thumbprints.length, 'malformed', 'Thumbprints: one is there twice')
  return { ...state, issuerKeys: [...thumbprints].sort() }
}
