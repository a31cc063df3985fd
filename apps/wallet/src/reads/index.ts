import type { ChainClients } from '@trivault/chain-clients'
import { functionNames, operationTypesGovernedBy } from '@trivault/protocol'
import type { WalletService } from '../service.ts'
import type { WalletView } from '../view.ts'
import { accountsOf, assetInfosOf, chainsOf, resolvedAddress, tokensOf } from './assets.ts'
import { auditExportOf, auditRowsOf } from './audit.ts'
import { onChainBalanceOf, spendableBalanceOf } from './balances.ts'
import { configOf, type PublicConfig, tenantConfigOf } from './config.ts'
import { logEntriesOf } from './log.ts'
import { approvalStatusOf, intentOf, operationStatusOf, pendingApprovalsOf } from './operations.ts'
import { confirmersOf, groupMembersOf, groupsOf, listUsersOf, userByIdOf, userInfoOf, usersOf } from './people.ts'
import { restrictionsIn } from './policies.ts'
import { searchOperationsOf } from './search.ts'
import { activityOf, timelineOf } from './timeline.ts'
import { devicesOf, pinsOf, vaultFactsOf } from './vault.ts'
import { vaultAddressesOf, vaultOf, vaultsOf } from './vaults.ts'

export type { PublicConfig } from './config.ts'
export { callerOf, roleOf } from './people.ts'

export type WalletReads = Pick<
  WalletService,
  | 'config'
  | 'tenantConfig'
  | 'users'
  | 'userInfo'
  | 'userById'
  | 'listUsers'
  | 'groups'
  | 'groupMembers'
  | 'confirmers'
  | 'configRestrictions'
  | 'policyRestrictions'
  | 'transactionRestrictions'
  | 'restrictionOperationTypes'
  | 'transactionFunctionNames'
  | 'listAccounts'
  | 'resolveAddress'
  | 'onChainBalance'
  | 'spendableBalance'
  | 'vaults'
  | 'vault'
  | 'vaultAddresses'
  | 'listChains'
  | 'listTokens'
  | 'assetInfos'
  | 'searchOperations'
  | 'operationStatus'
  | 'approvalStatus'
  | 'intent'
  | 'pendingApprovals'
  | 'auditExport'
  | 'logEntries'
  | 'pins'
  | 'vaultFacts'
  | 'devices'
  | 'activity'
  | 'auditRows'
  | 'timeline'
>

export interface ReadsOptions {
  chains: ChainClients
  config: PublicConfig
  version: string
}

/** The reading use cases: answers from the replica of the log, and from the chains for balances. */
export function createReads(view: WalletView, { chains, config, version }: ReadsOptions): WalletReads {
  return {
    config: async () => configOf(config, version),
    tenantConfig: async () => tenantConfigOf(view.state()),

    users: async filter => usersOf(view.state(), filter),
    userInfo: async caller => userInfoOf(view.state(), caller),
    userById: async id => userByIdOf(view.state(), id),
    listUsers: async () => listUsersOf(view.state()),
    groups: async () => groupsOf(view.state()),
    groupMembers: async group => groupMembersOf(view.state(), group),
    confirmers: async filter => confirmersOf(view.state(), filter),

    configRestrictions: async () => restrictionsIn(view.state().configRestrictions),
    policyRestrictions: async () => restrictionsIn(view.state().policyRestrictions),
    // The contract's form is closed: velocity limits have a route of their own.
    transactionRestrictions: async () =>
      restrictionsIn(view.state().restrictions).map(({ Velocity: _, ...restriction }) => restriction),
    restrictionOperationTypes: async kind => operationTypesGovernedBy(kind),
    transactionFunctionNames: async () => functionNames,

    listAccounts: async () => accountsOf(view.state()),
    resolveAddress: async address => resolvedAddress(view.state(), address),
    onChainBalance: request => onChainBalanceOf(view.state(), chains, request),
    spendableBalance: request => spendableBalanceOf(view, chains, request),
    vaults: query => vaultsOf(view, chains, query),
    vault: id => vaultOf(view, chains, id),
    vaultAddresses: (id, caip19) => vaultAddressesOf(view.state(), chains, id, caip19),
    listChains: async () => chainsOf(view.state()),
    listTokens: async () => tokensOf(view.state()),
    assetInfos: async filter => assetInfosOf(view.state(), filter),

    searchOperations: async request => searchOperationsOf(view, request),
    operationStatus: id => operationStatusOf(view, id),
    approvalStatus: async id => approvalStatusOf(view, id),
    intent: async id => intentOf(view, id),
    pendingApprovals: async caller => pendingApprovalsOf(view.state(), caller.id),

    auditExport: request => auditExportOf(view, request),
    logEntries: range => logEntriesOf(view, range),
    pins: async () => pinsOf(view.state()),
    vaultFacts: async () => vaultFactsOf(view.state()),
    devices: async () => devicesOf(view.state()),
    activity: () => activityOf(view),
    auditRows: page => auditRowsOf(view, page),
    timeline: async id => timelineOf(view, id),
  }
}
