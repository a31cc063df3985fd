/** A call that did not succeed. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** The body's error code, else `http-<status>`, `network`, `timeout` or `bad-answer`. */
  readonly code: string
  /** The error body as it came. */
  readonly body: unknown

  constructor(status: number, code: string, message: string, options: { body?: unknown; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.status = status
    this.code = code
    this.body = options.body
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Reads either error shape: `{message, errorCode}` or ProblemDetails. */
export function apiErrorOf(status: number, text: string): ApiError {
  let body: unknown
  try {
    body = text ? JSON.parse(text) : undefined
  } catch {
    body = text.slice(0, 1024)
  }
  const fields = isRecord(body) ? body : {}
  const first = (...names: string[]) => names.map(name => fields[name]).find(value => typeof value === 'string')
  const message = first('message', 'Detail', 'Title') ?? `the server answered ${status}`
  return new ApiError(status, String(first('errorCode', 'ErrorCode') ?? `http-${status}`), String(message), { body })
}
