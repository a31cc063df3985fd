/**
 * An answer that refuses, as AWS words it: `code` is the service's own error code.
 * @param status HTTP status.
 */
export class AwsError extends Error {
  override readonly name = 'AwsError'
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** The double itself cannot answer truly: told as an error of its own, so that no test passes over it. */
export const notInDouble = (what: string): AwsError =>
  new AwsError('NotInAwsDouble', `${what} is not part of the AWS double`, 501)

export const accessDenied = (message: string): AwsError => new AwsError('AccessDenied', message, 403)

export const invalid = (message: string): AwsError => new AwsError('ValidationException', message, 400)
