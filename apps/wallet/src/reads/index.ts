import type { ChainClients } from '@trivault/chain-clients'
import { functionNames } from '@trivault/protocol'
import type { WalletService } from '../service.ts'
import type { WalletView } from '../view.ts'
import { accountsOf, chainsOf, resolvedAddress, tokensOf } from './assets.ts'
import { auditExportOf } from './audit.ts'
import { onChainBalanceOf, spendableBalanceOf } from './balances.ts'
import { configOf, type PublicConfig, tenantConfigOf } from './config.ts'
import { logEntriesOf } from './log.ts'
import { approvalStatusOf, intentOf, operationStatusOf, pendingApprovalsOf } from './operations.ts'
import { confirmersOf, groupMembersOf, groupsOf, listUsersOf, userByIdOf, userInfoOf, usersOf } from './people.ts'
import { operationTypesOf, transactionRestrictionsOf } from './policies.ts'
import { searchOperationsOf } from './search.ts'

export type { PublicConfig } from './config.ts'
export { roleOf } from './people.ts'

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
  | 'listChains'
  | 'listTokens'
  | 'searchOperations'
  | 'operationStatus'
  | 'approvalStatus'
  | 'intent'
  | 'pendingApprovals'
  | 'auditExport'
  | 'logEntries'
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

    // Restrictions of these two kinds cannot be made yet: there are none.
    configRestrictions: async () => [],
    policyRestrictions: async () => [],
    transactionRestrictions: async () => transactionRestrictionsOf(view.state()),
    restrictionOperationTypes: async kind => operationTypesOf(kind),
    transactionFunctionNames: async () => functionNames,

    listAccounts: async () => accountsOf(view.state()),
    resolveAddress: async address => resolvedAddress(view.state(), address),
    onChainBalance: request => onChainBalanceOf(view.state(), chains, request),
    spendableBalance: request => spendableBalanceOf(view, chains, request),
    listChains: async () => chainsOf(view.state()),
    listTokens: async () => tokensOf(view.state()),

    searchOperations: async request => searchOperationsOf(view, request),
    operationStatus: id => operationStatusOf(view, id),
    approvalStatus: async id => approvalStatusOf(view, id),
    intent: async id => intentOf(view, id),
    pendingApprovals: async caller => pendingApprovalsOf(view.state(), caller.id),

    auditExport: request => auditExportOf(view, request),
    logEntries: range => logEntriesOf(view, range),
  }
}
