import {
  type CwpErrorResponse,
  errorFamily,
  type Problem,
  type ProblemDetails,
  problemText,
} from '@trivault/api-contract'
import { isUnavailable } from '@trivault/storage'
import { ServiceError, type ServiceErrorCode } from '../service.ts'

/** An error of the shell itself, with the status it answers. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly problems: readonly Problem[]

  constructor(status: number, message: string, problems: readonly Problem[] = []) {
    super(message)
    this.status = status
    this.problems = problems
  }
}

export const badRequest = (problems: readonly Problem[]): HttpError =>
  new HttpError(400, problemText(problems), problems)

const statusOf: Readonly<Record<ServiceErrorCode, number>> = {
  'bad-request': 400,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-many-requests': 429,
  unavailable: 503,
}

/** What a failure looks like from outside. */
export type Failure = {
  readonly status: number
  readonly message: string
  readonly problems: readonly Problem[]
  readonly errorCode?: string | undefined
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

const frameworkMessages: Readonly<Record<number, string>> = {
  413: 'the body is too large; send at most 1 MiB',
  415: 'send the body as application/json',
  429: 'too many requests; try again later',
}

/** Maps any thrown value; what nobody foresaw becomes a 500 that tells nothing. */
export function failureOf(error: unknown): Failure {
  if (error instanceof HttpError) return { status: error.status, message: error.message, problems: error.problems }
  if (error instanceof ServiceError) {
    const { message, errorCode, data } = error
    return { status: statusOf[error.code], message, problems: [], errorCode, data }
  }
  if (isUnavailable(error))
    return { status: 503, message: 'the database of the wallet does not answer; try again later', problems: [] }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 400 && status < 500) {
    return { status, message: frameworkMessages[status] ?? 'the request is malformed', problems: [] }
  }
  return { status: 500, message: 'an internal error; see the log under this correlation id', problems: [] }
}

const problemTypes: Readonly<Record<number, ProblemDetails['Type']>> = {
  401: 'Authorization Error',
  403: 'Permission Error',
  404: 'Object Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  503: 'Third Party Service Unavailable',
}
const problemTypeOf = (status: number): ProblemDetails['Type'] =>
  problemTypes[status] ?? (status < 500 ? 'Validation Error' : 'Unknown Error')

/** The body of an error, in the shape that the contract gives to the path. */
export function errorBody(path: string, failure: Failure, correlationId: string): CwpErrorResponse | ProblemDetails {
  const { status, message, problems, errorCode, data } = failure
  if (errorFamily(path) === 'cwp') return { message, ...(errorCode && { errorCode }), ...(data && { data }) }
  const type = problemTypeOf(status)
  return {
    CorrelationId: correlationId,
    Status: status,
    Title: type,
    Type: type,
    Detail: message,
    ...(status === 400 &&
      problems.length > 0 && {
        Errors: problems.map(problem => ({ ErrorCode: 'InvalidJsonInput', Message: problemText([problem]) })),
      }),
  }
}
