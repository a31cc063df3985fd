import type { TObject, TSchema } from 'typebox'
import { closed, int64, operationId } from '../schemas/base.ts'
import { StartOperationResponse, startBodies } from '../schemas/operations.ts'
import { type OperationSegment, payloads } from '../schemas/payloads.ts'

/**
 * Who may call: anybody; anybody signed in; whoever may approve (all but an Auditor); whoever may read (all but an
 * AutomatedApprover); MarketOps and above; Admin. These levels are the wallet's convenience: no Policy Node looks at them.
 */
export type Access = 'public' | 'any' | 'approver' | 'viewer' | 'operator' | 'admin'

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

export const operationParams = closed('', { operationID: operationId() })
export const idParams = closed('', { id: int64() })

export const start = <S extends OperationSegment>(segment: S, tag: string, access: Access = 'operator') => ({
  method: 'POST' as const,
  path: `/api/cwp/operations/start/${segment}` as const,
  tag,
  summary: `Start an operation: ${payloads[segment].type}`,
  access,
  body: startBodies[segment],
  status: 200 as const,
  response: StartOperationResponse,
  errors: [400, 401, 403, 409],
})

export const read = <S extends TSchema>(path: `/${string}`, tag: string, summary: string, response: S) => ({
  method: 'GET' as const,
  path,
  tag,
  summary,
  access: 'viewer' as const,
  status: 200 as const,
  response,
  errors: [401, 403],
})

export const query = <B extends TObject, S extends TSchema>(
  path: `/${string}`,
  tag: string,
  summary: string,
  body: B,
  response: S,
) => ({ ...read(path, tag, summary, response), method: 'POST' as const, body, errors: [400, 401, 403] })
