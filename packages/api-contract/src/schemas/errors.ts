import Type, { type Static } from 'typebox'
import { closed, oneOf, open } from './base.ts'

const { String: string } = Type

/** Body of a CWP error. */
export const CwpErrorResponse = closed('cwpErrorResponse', {
  errorCode: Type.Optional(string()),
  message: string(),
  data: Type.Optional(Type.Record(string(), Type.Unknown())),
})
export type CwpErrorResponse = Static<typeof CwpErrorResponse>

const problemTypes = [
  'Authorization Error',
  'Backup Master Key Rejected',
  'Conflict',
  'Method Not Allowed',
  'Object Not Found',
  'Operation Error',
  'Permission Error',
  'Third Party Service Error',
  'Third Party Service Timeout',
  'Third Party Service Unavailable',
  'Unknown Error',
  'Validation Error',
] as const

/** Body of an error outside `/api/cwp`; `CorrelationId` repeats the header `x-correlation-id`. */
export const ProblemDetails = open('ProblemDetails', {
  CorrelationId: string(),
  Detail: Type.Optional(string()),
  ErrorCode: Type.Optional(string()),
  Errors: Type.Optional(
    Type.Array(
      open('Error', { ErrorCode: string(), Index: Type.Optional(Type.Array(Type.Integer())), Message: string() }),
    ),
  ),
  Instance: Type.Optional(string()),
  Status: Type.Integer({ format: 'int32' }),
  Title: string(),
  Type: oneOf('', problemTypes),
})
export type ProblemDetails = Static<typeof ProblemDetails>
