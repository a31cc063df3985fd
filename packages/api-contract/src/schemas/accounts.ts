import Type from 'typebox'
import { closed, int64, oneOf, open, optionalText } from './base.ts'

const { String: string, Boolean: boolean, Integer: integer } = Type

const major = (meaning: string) => Type.String({ description: `decimal, ${meaning}; empty when it could not be told` })
const page = () => Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'counts from 1' })

/** Accounts as the gateway calls them: vaults, with numbers for ids. */
const Vault = open('Vault', {
  Assets: Type.Array(
    open('AssetSummary', {
      Amount: major('in major units'),
      CAIP19: string(),
      Protocol: string(),
      Network: string(),
      Asset: string(),
      Name: string(),
      USDAmount: Type.Optional(Type.String({ description: 'absent when there is no rate' })),
    }),
  ),
  Balance: open('Balance', {
    AvailableUSD: major('what approved transactions leave'),
    OnChainUSD: major('of the assets that have a rate'),
    PendingUSD: major('the difference'),
  }),
  ColdVault: boolean(),
  CreatedAt: string(),
  CreatedBy: string(),
  Hidden: boolean(),
  ID: int64(),
  Name: string(),
  State: oneOf('', ['VaultCreationFailure', 'VaultCreationInProgress', 'VaultCreationSuccess']),
})

export const VaultsQuery = closed('', {
  order_by: Type.Optional(oneOf('', ['DATE', 'USD'])),
  order_direction: Type.Optional(oneOf('', ['ASC', 'DESC'])),
  page: page(),
  pageSize: Type.Integer({ minimum: 1, maximum: 100 }),
  search_name: optionalText(128),
  partial: Type.Optional(Type.Boolean({ description: 'part of the name, whatever its letter case' })),
  hidden: Type.Optional(Type.Boolean({ description: 'only hidden (true) or only visible (false)' })),
})
export const GetVaultsResponse = open('GetVaultsResponse', { TotalCount: integer(), Vaults: Type.Array(Vault) })
export const GetVaultResponse = open('GetVaultResponse', { Vault })

export const GetAssetAddressesResponse = open('GetAssetAddressesResponse', {
  Addresses: Type.Array(
    open('Address', {
      Address: Type.Optional(string()),
      AddressAvailableBalance: major('in major units'),
      AddressIndex: integer({ minimum: 0 }),
      MainAddress: boolean(),
      Name: string(),
      State: string(),
    }),
  ),
  IsAccountBased: boolean(),
  SupportSubAddresses: boolean(),
})
