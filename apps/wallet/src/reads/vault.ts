import type { ExactResponseOf } from '@trivault/api-contract'
import { toHex } from '@trivault/codec'
import { genesisJson } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import { spelling } from './people.ts'

const isoTime = (time: number): string => new Date(time).toISOString()
const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)

/** What the node admins pinned. Whoever does not believe the wallet hashes it. */
export const pinsOf = ({ vaultId, genesis }: VaultState): ExactResponseOf<'trivaultPins'> => ({
  VaultID: toHex(vaultId),
  Pins: genesisJson.write(genesis),
})

/** The vault as a whole. A master key is active only once every node verified the backups of all its shares. */
export function vaultFactsOf(state: VaultState): ExactResponseOf<'trivaultVault'> {
  const { vaultId, genesis, setup, sealedAt, masterKeys, rates } = state
  return {
    VaultID: toHex(vaultId),
    FoundingMode: genesis.foundingMode,
    ...(setup !== undefined && { OwnerGroup: setup.ownerGroup }),
    OwnersRequired: setup?.ownersRequired ?? genesis.foundersRequired,
    ...(sealedAt !== undefined && { SealedAt: isoTime(sealedAt) }),
    MasterKeys: masterKeys
      .values()
      .sort(byName)
      .map(({ name, status, epoch, accountCount }) => ({
        Name: name,
        Status: status,
        Epoch: epoch,
        Accounts: accountCount,
        BackedUp: status === 'active',
      })),
    Rates: rates
      .keys()
      .sort()
      .map(Asset => {
        const { usdRate, usdMin, usdMax } = rates.get(Asset) ?? {}
        return {
          Asset,
          ...(usdRate !== undefined && { USDRate: usdRate }),
          ...(usdMin !== undefined && { USDMin: usdMin }),
          ...(usdMax !== undefined && { USDMax: usdMax }),
        }
      }),
  }
}

/** Device keys by user, those that count first. */
export function devicesOf(state: VaultState): ExactResponseOf<'trivaultDevices'> {
  return state.deviceKeys
    .values()
    .sort((a, b) => Number(b.active) - Number(a.active) || (a.user < b.user ? -1 : a.user > b.user ? 1 : 0))
    .map(({ id, user, active, channel }) => {
      const vouching = state.vouchings.get(id)
      return {
        KeyID: id,
        UserID: spelling(state, user),
        Active: active,
        Channel: channel,
        ...(vouching?.user === user && { VouchedAt: isoTime(vouching.time) }),
      }
    })
}
