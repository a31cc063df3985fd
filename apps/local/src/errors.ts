export type LocalErrorCode =
  /** A directory that is not, or cannot be, the home of a vault. */
  | 'bad-home'
  /** Another supervisor runs this home. */
  | 'home-in-use'
  /** An option or environment variable that is not acceptable. */
  | 'bad-configuration'
  /** A program that the vault needs is not installed. */
  | 'missing-program'
  /** A process did not become ready; the message says which and its last words. */
  | 'start-failed'
  /** A web app that cannot be built from its sources. */
  | 'build-failed'

/** The message is one line for the user: what is wrong and what to do. */
export class LocalError extends Error {
  override readonly name = 'LocalError'
  readonly code: LocalErrorCode

  constructor(code: LocalErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
