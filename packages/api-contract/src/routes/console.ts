import * as schema from '../schemas/console.ts'
import { operationParams, type Route, read } from './define.ts'

/** Beyond the contract: what people see of the certified log, without replaying it themselves. */
export const consoleRoutes = {
  trivaultVault: read(
    '/api/trivault/vault',
    'Trivault',
    'Owner quorum, seal, master keys and rates of the vault',
    schema.VaultFacts,
  ),
  trivaultDevices: read('/api/trivault/devices', 'Trivault', 'Device keys and whose they are', schema.Devices),
  trivaultActivity: read(
    '/api/trivault/activity',
    'Trivault',
    'Times of the newest operations and of their signatures',
    schema.Activity,
  ),
  trivaultAuditRows: {
    ...read('/api/trivault/audit/rows', 'Trivault', 'The audit log by pages, newest first', schema.AuditRows),
    query: schema.AuditRowsQuery,
    errors: [400, 401, 403],
  },
  trivaultOperationTimeline: {
    ...read(
      '/api/trivault/operations/{operationID}/timeline',
      'Trivault',
      'Every step of an operation, with its time',
      schema.OperationTimeline,
    ),
    access: 'any',
    params: operationParams,
    errors: [400, 401, 403, 404],
  },
  trivaultReceipt: {
    ...read(
      '/api/trivault/operations/{operationID}/receipt',
      'Trivault',
      'One file that proves the newest signature of an operation',
      schema.ReceiptFile,
    ),
    params: operationParams,
    query: schema.ReceiptQuery,
    errors: [400, 401, 403, 404, 409, 503],
  },
} as const satisfies Record<string, Route>
