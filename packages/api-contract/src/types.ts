import type { Static, TSchema } from 'typebox'
import type { Exact } from './exact-json.ts'
import type { OperationId, routes } from './routes.ts'
import type { startBodies } from './schemas/operations.ts'
import type { OperationSegment } from './schemas/payloads.ts'

type Of<K extends OperationId, Part extends string> = (typeof routes)[K] extends {
  readonly [P in Part]: infer S extends TSchema
}
  ? Static<S>
  : undefined

/** Path parameters of a route; undefined when it has none. */
export type ParamsOf<K extends OperationId> = Of<K, 'params'>
export type QueryOf<K extends OperationId> = Of<K, 'query'>
/** JSON body of a request as it travels; numbers are doubles. */
export type BodyOf<K extends OperationId> = Of<K, 'body'>
/** JSON body of a request inside the wallet: decimals as text. */
export type ExactBodyOf<K extends OperationId> = Exact<BodyOf<K>>
export type ResponseOf<K extends OperationId> = Of<K, 'response'>
/** JSON body of an answer inside the wallet: decimals as text. */
export type ExactResponseOf<K extends OperationId> = Exact<ResponseOf<K>>

/** OperationIds of the routes that start an operation. */
export type StartOperationId = Extract<OperationId, `cwpstart${string}`>

type StartedSegment<K> = K extends StartOperationId
  ? (typeof routes)[K]['path'] extends `/api/cwp/operations/start/${infer S}`
    ? S
    : never
  : never
/** Path segments of the operations that can be started here. */
export type StartSegment = StartedSegment<StartOperationId> & OperationSegment

/** Payload of an operation inside the wallet: the start body less its metadata, decimals as text. */
export type ExactPayloadOf<S extends StartSegment> = Exact<
  Omit<Static<(typeof startBodies)[S]>, 'OperationID' | 'InitiatorID'>
>
