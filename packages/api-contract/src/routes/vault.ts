import Type from 'typebox'
import * as account from '../schemas/accounts.ts'
import { caip19, closed, int64 } from '../schemas/base.ts'
import { ConfigRestriction, PolicyRestriction, TransactionRestriction } from '../schemas/restrictions.ts'
import * as vault from '../schemas/vault.ts'
import { idParams, query, type Route, read, start } from './define.ts'

/** Restrictions, accounts, addresses, balances, chains and tokens. */
export const vaultRoutes = {
  cwpstartUpdateTransactionRestriction: start('updateTransactionRestriction', 'Policies'),
  cwpstartUpdateConfigRestriction: start('updateConfigRestriction', 'Policies'),
  cwpstartUpdatePolicyRestriction: start('updatePolicyRestriction', 'Policies'),
  cwpstartUpdateRates: start('updateRates', 'Policies'),
  cwpgetConfigRestrictions: read(
    '/api/cwp/restrictions/config',
    'Policies',
    'Restrictions of configuration changes',
    Type.Array(ConfigRestriction),
  ),
  cwpgetPolicyRestrictions: read(
    '/api/cwp/restrictions/policy',
    'Policies',
    'Restrictions of policy changes',
    Type.Array(PolicyRestriction),
  ),
  cwpgetTransactionRestrictions: read(
    '/api/cwp/restrictions/transaction',
    'Policies',
    'Restrictions of transactions',
    Type.Array(TransactionRestriction),
  ),
  cwpgetOperationTypesForConfig: read(
    '/api/cwp/restrictions/optypes/config',
    'Policies',
    'Operation types that config restrictions govern',
    vault.OperationTypes,
  ),
  cwpgetOperationTypesForPolicy: read(
    '/api/cwp/restrictions/optypes/policy',
    'Policies',
    'Operation types that policy restrictions govern',
    vault.OperationTypes,
  ),
  cwpgetOperationTypesForTransaction: read(
    '/api/cwp/restrictions/optypes/transaction',
    'Policies',
    'Operation types that transaction restrictions govern',
    vault.OperationTypes,
  ),
  cwpgetRestrictionTransactionFunctionNames: read(
    '/api/cwp/restrictions/functionNames',
    'Policies',
    'Function names that a transaction restriction may name',
    vault.TransactionFunctionNames,
  ),

  cwplistAccounts: read('/api/cwp/accounts/list', 'Accounts', 'All accounts', Type.Array(vault.Account)),
  cwpstartBackupMasterKey: start('backupMasterKey', 'Accounts'),
  cwpstartCreateMasterKey: start('createMasterKey', 'Accounts'),
  cwpstartCreateAccount: start('createAccount', 'Accounts'),
  cwpstartSetErsPublicKey: start('setErsPublicKey', 'Accounts'),
  getVaults: {
    ...read('/api/vaults', 'Accounts', 'Accounts with their balances, by pages', account.GetVaultsResponse),
    query: account.VaultsQuery,
    errors: [400, 401, 403],
  },
  getVault: {
    ...read('/api/vaults/{id}', 'Accounts', 'One account with its balances', account.GetVaultResponse),
    params: idParams,
    errors: [400, 401, 403, 404],
  },
  getAddressOfAsset: {
    ...read(
      '/api/vaults/{id}/assets/{caip19}',
      'Accounts',
      'The addresses of an account that hold an asset',
      account.GetAssetAddressesResponse,
    ),
    params: closed('', { id: int64(), caip19: caip19() }),
    errors: [400, 401, 403, 404],
  },

  cwpstartAttachMasterKey: start('attachMasterKey', 'Accounts'),
  cwpstartCreateBatch: start('createBatch', 'Cold Wallet'),
  cwpstartFinishCurrentBatch: start('finishCurrentBatch', 'Cold Wallet'),
  cwpstartDeleteCurrentBatch: start('deleteCurrentBatch', 'Cold Wallet'),

  cwpgetAddressCAIP2: query(
    '/api/cwp/addresses/get',
    'Addresses',
    'The deposit address of an account on a chain',
    vault.GetAddressRequest,
    vault.GetAddressResponse,
  ),
  cwpresolveAddress: {
    ...query(
      '/api/cwp/addresses/resolve',
      'Addresses',
      'Which account an address belongs to',
      vault.ResolveAddressRequest,
      vault.ResolveAddressResponse,
    ),
    errors: [400, 401, 403, 404],
    emptyNotFound: true,
  },
  cwpgetOnChainBalance: {
    ...query(
      '/api/cwp/balances/onchain',
      'Balances',
      'Balance of an account on chain',
      vault.BalanceRequest,
      vault.TokenBalance,
    ),
    errors: [400, 401, 403, 404],
    emptyNotFound: true,
  },
  cwpgetSpendableBalance: {
    ...query(
      '/api/cwp/balances/spendable',
      'Balances',
      'Balance less what pending operations will spend',
      vault.BalanceRequest,
      vault.TokenBalance,
    ),
    errors: [400, 401, 403, 404],
    emptyNotFound: true,
  },

  cwplistChains: read('/api/cwp/chains/list', 'Assets', 'Registered chains', Type.Array(vault.Chain)),
  cwpregisterKnownChain: {
    method: 'POST',
    path: '/api/cwp/chains/registerknown',
    tag: 'Assets',
    summary: 'Register a chain of the built-in registry',
    access: 'operator',
    body: vault.RegisterKnownChainRequest,
    status: 200,
    errors: [400, 401, 403],
  },
  cwplistTokens: read('/api/cwp/tokens/list', 'Assets', 'Registered tokens', Type.Array(vault.Token)),
  cwpsearchAssetInfos: query(
    '/api/cwp/assetinfos/search',
    'Assets',
    'Assets that match every filter given',
    vault.AssetInfoFilter,
    Type.Array(vault.AssetInfo),
  ),
  cwpstartRegisterToken: start('registerToken', 'Assets'),
  cwpstartUnregisterToken: start('unregisterToken', 'Assets'),
  cwpstartRegisterCustomChain: start('registerCustomChain', 'Assets'),
  cwpstartUnregisterChain: start('unregisterChain', 'Assets'),
} as const satisfies Record<string, Route>
