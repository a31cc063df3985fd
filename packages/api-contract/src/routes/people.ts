import Type from 'typebox'
import * as founding from '../schemas/founding.ts'
import * as legacy from '../schemas/legacy.ts'
import * as vault from '../schemas/vault.ts'
import { idParams, query, type Route, read, start } from './define.ts'

/** Health, configuration, set-up, users, system users and groups. */
export const peopleRoutes = {
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
  listTenants: {
    ...read('/api/tenants', 'Tenants', 'Names of the tenants: the one there is', Type.Array(Type.String())),
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
  cwpstartSetUserPublicKey: start('setUserPublicKey', 'Users', 'approver'),
  cwpstartDeleteUser: start('deleteUser', 'Users'),
  cwpstartResetUser: start('resetUser', 'Users'),
  trivaultVouch: {
    method: 'POST',
    path: '/api/trivault/keys/vouch',
    tag: 'Trivault',
    summary: 'Hand in the ID token that vouches for a device key',
    access: 'approver',
    body: founding.VouchRequest,
    status: 200,
    errors: [400, 401, 403],
  },
  cwpstartSeal: start('seal', 'Trivault'),
  cwpstartFoundAgain: start('foundAgain', 'Trivault', 'admin'),
  cwpstartSetIssuerKeys: start('setIssuerKeys', 'Trivault'),

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
  cwpstartRenameGroup: start('renameGroup', 'Groups'),
} as const satisfies Record<string, Route>
