export { type Exact, parseExact, plainDecimal, stringifyExact } from './exact-json.ts'
export { openapi } from './openapi.ts'
export { type Access, errorFamily, type OperationId, type Route, routes } from './routes.ts'
export {
  type CwpErrorResponse,
  CwpErrorResponse as CwpErrorSchema,
  type ProblemDetails,
  ProblemDetails as ProblemDetailsSchema,
} from './schemas/errors.ts'
export {
  ClientEvent as ClientEventSchema,
  type ClientEvent,
  type Intent,
  type OperationStatusName,
  operationTypeOf,
  retiredOperationTypes,
  segmentOf,
} from './schemas/operations.ts'
export type { OperationSegment, OperationType } from './schemas/payloads.ts'
export { startProblems } from './start-problems.ts'
export type {
  BodyOf,
  ExactBodyOf,
  ExactPayloadOf,
  ExactResponseOf,
  ParamsOf,
  QueryOf,
  ResponseOf,
  StartOperationId,
  StartSegment,
} from './types.ts'
export { coerceTexts, compileValidator, type Problem, problemText, type Validator } from './validate.ts'
