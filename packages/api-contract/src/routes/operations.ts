import Type from 'typebox'
import { closed, int64, operationId } from '../schemas/base.ts'
import * as legacy from '../schemas/legacy.ts'
import * as op from '../schemas/operations.ts'
import * as vault from '../schemas/vault.ts'
import { operationParams, query, type Route, read, start } from './define.ts'

/** Transactions, the life of operations, approvals, events, audit, and what only Trivault has. */
export const operationRoutes = {
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
  cancelOperation: {
    method: 'DELETE',
    path: '/api/operations/{id}',
    tag: 'Operations',
    summary: 'Cancel an operation that is not final',
    access: 'operator',
    params: closed('', { id: operationId() }),
    status: 204,
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
    access: 'approver',
    body: op.ApproveRequest,
    status: 200,
    errors: [400, 401, 403, 404, 409],
  },
  cwprejectOperation: {
    method: 'POST',
    path: '/api/cwp/approvals/reject',
    tag: 'Approvals',
    summary: 'Reject a pending operation',
    access: 'approver',
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
  trivaultPins: {
    ...read(
      '/api/trivault/pins',
      'Trivault',
      'What every node admin pinned; a device takes it only under the vault id that it was told on another way',
      vault.Pins,
    ),
    access: 'any',
  },
  trivaultNodes: read('/api/trivault/nodes', 'Trivault', 'The Policy Nodes as the wallet sees them', vault.NodesStatus),
} as const satisfies Record<string, Route>
