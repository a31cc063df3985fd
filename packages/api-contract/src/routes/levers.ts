import * as levers from '../schemas/levers.ts'
import { StartOperationResponse } from '../schemas/operations.ts'
import { query, type Route, read, start } from './define.ts'

/** Beyond the contract: freeze and veto, refresh of shares, the vault's settings, velocity limits, dry run. */
export const leverRoutes = {
  trivaultHold: {
    ...query(
      '/api/trivault/holds',
      'Trivault',
      "Bring an owner's signed freeze or veto to the Policy Nodes",
      levers.HoldRequest,
      levers.HoldAnswer,
    ),
    access: 'any',
  },
  trivaultSettings: {
    ...read('/api/trivault/settings', 'Trivault', "The vault's settings and the freeze in force", levers.VaultSettings),
    access: 'any',
  },
  cwpstartUpdateSettings: start('updateSettings', 'Trivault'),
  cwpstartUnfreeze: start('unfreeze', 'Trivault'),
  cwpstartRefreshMasterKey: start('refreshMasterKey', 'Trivault'),
  trivaultRestrictions: read(
    '/api/trivault/restrictions',
    'Trivault',
    'Transaction restrictions with their velocity limits',
    levers.ExtendedRestrictions,
  ),
  trivaultStartUpdateTransactionRestriction: {
    ...query(
      '/api/trivault/operations/start/updateTransactionRestriction',
      'Trivault',
      'Start an operation: update transaction restriction, with velocity limits',
      levers.UpdateExtendedRestriction,
      StartOperationResponse,
    ),
    access: 'operator',
    errors: [400, 401, 403, 409],
  },
  trivaultPolicyTest: {
    ...query(
      '/api/trivault/policy/test',
      'Trivault',
      'Dry run: what an operation would need by the restrictions in force or by a draft',
      levers.PolicyTestRequest,
      levers.PolicyTestAnswer,
    ),
    errors: [400, 401, 403, 404],
  },
} as const satisfies Record<string, Route>
