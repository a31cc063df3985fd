import Type, { type TObject, type TSchema } from 'typebox'
import { closed, int64, operationId } from './schemas/base.ts'
import * as legacy from './schemas/legacy.ts'
import * as op from './schemas/operations.ts'
import { type OperationSegment, payloads } from './schemas/payloads.ts'
import { ConfigRestriction, PolicyRestriction, TransactionRestriction } from './schemas/restrictions.ts'
import * as vault from './schemas/vault.ts'

/**
 * Who may call: anybody; anybody signed in; Viewer and above; MarketOps and above; Admin. An AutomatedApprover is signed
 * in and no more. These levels are the wallet's convenience: no Policy Node looks at them.
 */
export type Access = 'public' | 'any' | 'viewer' | 'operator' | 'admin'

export type Route = {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: `/${string}`
  readonly tag: string
  readonly summary: string
  readonly access: Access
  readonly params?: TObject
  readonly query?: TObject
  readonly body?: TObject
  readonly status: 101 | 200 | 204
  /** Absent: the answer has no body. */
  readonly response?: TSchema
  readonly errors: readonly number[]
  /** The contract answers 404 without a body. */
  readonly emptyNotFound?: true
  readonly deprecated?: true
}

const operationParams = closed('', { operationID: operationId() })
const idParams = closed('', { id: int64() })

const start = <S extends OperationSegment>(segment: S, tag: string, access: Access = 'operator') => ({
  method: 'POST' as const,
  path: `/api/cwp/operations/start/${segment}` as const,
  tag,
  summary: `Start an operation: ${payloads[segment].type}`,
  access,
  body: op.startBodies[segment],
  status: 200 as const,
  response: op.StartOperationResponse,
  errors: [400, 401, 403, 409],
})

const read = <S extends TSchema>(path: `/${string}`, tag: string, summary: string, response: S) => ({
  method: 'GET' as const,
  path,
  tag,
  summary,
  access: 'viewer' as const,
  status: 200 as const,
  response,
  errors: [401, 403],
})

const query = <B extends TObject, S extends TSchema>(
  path: `/${string}`,
  tag: string,
  summary: string,
  body: B,
  response: S,
) => ({ ...read(path, tag, summary, response), method: 'POST' as const, body, errors: [400, 401, 403] })

/** Every route by its operationId. */
export const routes = {
  health: { ...read('/health', 'Health', 'Is the process alive', legacy.HealthResponse), access: 'public', errors: [] },
  ready: {
    ...read('/ready', 'Health', 'Can the wallet serve requests', legacy.HealthResponse),
    access: 'public',
    errors: [503],
  },
  viewConfig: {
    ...read('/api/config', 'Config', 'What a client needs to know before sign-in', legacy.ConfigResponse),
    access: 'public',
    errors: [],
  },
  viewTenantConfig: {
    ...read('/api/tenant-config', 'Config', 'Features of the tenant', legacy.TenantConfigResponse),
    access: 'public',
    errors: [],
  },
  setupDefaultTenant: {
    method: 'POST',
    path: '/api/tenants/default/setup',
    tag: 'Tenants',
    summary: 'Populate a fresh vault, once; finishes an interrupted set-up',
    access: 'admin',
    body: legacy.TenantSetup,
    status: 200,
    errors: [400, 401, 403],
  },

  getAllUsers: {
    ...read('/api/users', 'Users', 'Users and system users', legacy.GetUsersResponse),
    query: legacy.UsersQuery,
    errors: [400, 401, 403],
  },
  getUserInfo: {
    ...read('/api/users/info', 'Users', 'The caller', legacy.GetUserInfoResponse),
    access: 'any',
    errors: [401, 403, 404],
  },
  pairAutomatedApprover: {
    ...query('/api/users/pair', 'Users', 'Set the key of an approver', legacy.PairRequest, legacy.PairResponse),
    access: 'operator',
    deprecated: true,
  },
  cwpgetUserById: query('/api/cwp/users/getById', 'Users', 'One user', vault.GetUserByIdRequest, vault.User),
  cwplistUsers: read('/api/cwp/users/list', 'Users', 'All users', Type.Array(vault.User)),
  cwpgetAllGroupMembers: read('/api/cwp/users/groups/list', 'Users', 'Members of every group', vault.GroupMembers),
  cwplistGroupMembers: query(
    '/api/cwp/users/groups/members',
    'Users',
    'Members of one group',
    vault.ListGroupMembersRequest,
    Type.Array(vault.User),
  ),
  cwpstartRegisterUser: start('registerUser', 'Users'),
  cwpstartSetUserPublicKey: start('setUserPublicKey', 'Users', 'any'),

  getAllConfirmers: {
    ...read('/api/systems/confirmers', 'System User', 'Who may confirm for a system user', legacy.GetUsersResponse),
    query: legacy.ConfirmersQuery,
    errors: [400, 401, 403],
  },
  createSystemUserEndpoint: {
    ...query(
      '/api/systems/create',
      'System User',
      'Create a system user and its API key',
      legacy.CreateSystemUserRequest,
      legacy.SystemUserCreatedResponse,
    ),
    access: 'admin',
  },
  deleteSystemUserEndpoint: {
    method: 'POST',
    path: '/api/systems/{id}/delete',
    tag: 'System User',
    summary: 'Delete a system user; its API key stops working',
    access: 'admin',
    params: idParams,
    status: 200,
    response: legacy.DeleteSystemUserResponse,
    errors: [400, 401, 403, 404],
  },

  cwpcreateGroup: {
    method: 'POST',
    path: '/api/cwp/users/groups/create',
    tag: 'Groups',
    summary: 'Create an empty group',
    access: 'operator',
    body: vault.CreateGroupRequest,
    status: 200,
    errors: [400, 401, 403],
  },
  cwpstartUpdateGroup: start('updateGroup', 'Groups'),

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

  cwpstartMakeTransaction: start('makeTransaction', 'Transactions'),
  cwpstartGenericSigning: start('genericSigning', 'Transactions'),

  cwpsearchOperationInfos: {
    ...query(
      '/api/cwp/operations/searchInfos',
      'Operations',
      'Operations, newest first; only those not final unless Statuses is given',
      op.SearchOperationInfosRequest,
      op.SearchOperationInfosResponse,
    ),
    access: 'any',
  },
  cwpgetOperationStatus: {
    ...read('/api/cwp/operations/id/{operationID}/status', 'Operations', 'Status and result', op.OperationStatus),
    access: 'any',
    params: operationParams,
    errors: [400, 401, 403, 404],
  },
  cwpgetOperationApprovalStatus: {
    ...read(
      '/api/cwp/operations/id/{operationID}/approvalstatus',
      'Operations',
      'Who approved, who rejected, who is still asked',
      op.OperationApprovalStatus,
    ),
    access: 'any',
    params: operationParams,
    errors: [400, 401, 403, 404],
  },
  cwpgetOperationIntent: {
    ...read('/api/cwp/operations/id/{operationID}/intent', 'Operations', 'The stored intent', op.IntentItem),
    access: 'any',
    params: operationParams,
    errors: [400, 401, 403, 404],
  },
  cwpcancelOperationDelete: {
    method: 'DELETE',
    path: '/api/cwp/operations/id/{operationID}',
    tag: 'Operations',
    summary: 'Cancel an operation that is not final',
    access: 'operator',
    params: operationParams,
    status: 200,
    errors: [400, 401, 403, 404, 409],
  },
  cwpcancelOperation: {
    method: 'POST',
    path: '/api/cwp/operations/id/{operationID}/cancel',
    tag: 'Operations',
    summary: 'Cancel an operation that is not final',
    access: 'operator',
    params: operationParams,
    body: op.CancelRequest,
    status: 200,
    errors: [400, 401, 403, 404, 409],
  },

  cwplistPendingApprovals: {
    ...read('/api/cwp/approvals/list', 'Approvals', "The caller's pending approvals", op.PendingApprovals),
    access: 'any',
  },
  cwpapproveOperation: {
    method: 'POST',
    path: '/api/cwp/approvals/approve',
    tag: 'Approvals',
    summary: "Approve with the caller's device signature over the exact intent bytes",
    access: 'any',
    body: op.ApproveRequest,
    status: 200,
    errors: [400, 401, 403, 404, 409],
  },
  cwprejectOperation: {
    method: 'POST',
    path: '/api/cwp/approvals/reject',
    tag: 'Approvals',
    summary: 'Reject a pending operation',
    access: 'any',
    body: op.RejectRequest,
    status: 200,
    errors: [400, 401, 403, 404, 409],
  },
  cwpsubscribeToEvents: {
    method: 'GET',
    path: '/api/cwp/events',
    tag: 'Events',
    summary: 'WebSocket of events: { Type, Payload } messages, unordered; read the state again on each',
    access: 'any',
    query: closed('', {
      heartbeat: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600, description: 'seconds between pings' })),
      access_token: Type.Optional(
        Type.String({ maxLength: 16_384, description: 'credential of clients that cannot set headers' }),
      ),
    }),
    status: 101,
    errors: [400, 401, 403],
  },

  ExportAudit: {
    ...read('/api/audit/export.zip', 'Audit', 'The audit log of a time range', legacy.AuditFileResponse),
    query: legacy.AuditQuery,
    errors: [400, 401, 403],
  },

  trivaultOperationVerdicts: {
    ...read(
      '/api/trivault/operations/{operationID}/verdicts',
      'Trivault',
      'What each Policy Node signed about an operation',
      vault.OperationVerdicts,
    ),
    access: 'any',
    params: operationParams,
    errors: [400, 401, 403, 404],
  },
  trivaultLogEntries: {
    ...read('/api/trivault/log/entries', 'Trivault', 'Certified entries of the log', vault.LogEntries),
    query: closed('', {
      from: Type.Optional({ ...int64(), description: 'first sequence number' }),
      to: Type.Optional({ ...int64(), description: 'last sequence number; an answer holds at most 1000 entries' }),
    }),
    errors: [400, 401, 403],
  },
  trivaultNodes: read('/api/trivault/nodes', 'Trivault', 'The Policy Nodes as the wallet sees them', vault.NodesStatus),
} as const satisfies Record<string, Route>

export type OperationId = keyof typeof routes

/** Which error shape a path answers with. */
export const errorFamily = (path: string): 'cwp' | 'legacy' =>
  path.startsWith('/api/cwp/') || path.startsWith('/api/trivault/') ? 'cwp' : 'legacy'
