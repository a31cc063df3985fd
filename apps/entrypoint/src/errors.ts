export type EntrypointErrorCode =
  /** A variable of the environment is missing or makes no sense. */
  | 'environment'
  /** A secret is missing or has another form than its reader expects. */
  | 'secret'
  /** The configuration cannot be fetched, or is not the one that was deployed. */
  | 'configuration'
  /** The database did not take its set-up. */
  | 'database'
  /** The service's program could not be started. */
  | 'service'

/** Says what is wrong and what to do; never holds the value of a secret. */
export class EntrypointError extends Error {
  override readonly name = 'EntrypointError'
  readonly code: EntrypointErrorCode

  constructor(code: EntrypointErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
