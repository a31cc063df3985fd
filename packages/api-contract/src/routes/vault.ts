import Type from 'typebox'
import { ConfigRestriction, PolicyRestriction, TransactionRestriction } from '../schemas/restrictions.ts'
import * as vault from '../schemas/vault.ts'
import { query, type Route, read, start } from './define.ts'

/** Restrictions, accounts, addresses, balances, chains and tokens. */
export const vaultRoutes = {
  cwpstartUpdateTransactionRestriction: start('updateTransactionRestriction', 'Policies'),
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
  cwpstartRegisterToken: start('registerToken', 'Assets'),
  cwpstartRegisterCustomChain: start('registerCustomChain', 'Assets'),
} as const satisfies Record<string, Route>
