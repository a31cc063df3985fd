export type HostErrorCode =
  /** The configuration, the pins or a file they name is missing or not acceptable; the message says which. */
  | 'bad-config'
  /** The core refused to start or died; the message carries its reason. */
  | 'core'
  /** A node's secret or anchor cannot be provisioned without destroying another. */
  | 'provisioned'
  /** The database did not do what was asked within its time. */
  | 'database'

export class HostError extends Error {
  override readonly name = 'HostError'
  readonly code: HostErrorCode

  constructor(code: HostErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
