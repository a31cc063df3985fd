export type BusErrorCode =
  /** A name, URL or option that is not acceptable. */
  | 'bad-argument'
  /** A certificate or key file is missing or unreadable. */
  | 'bad-credentials'
  /** The broker could not be reached, or its certificate is not of our root. */
  | 'unreachable'
  /** The broker refused this client's certificate. */
  | 'refused'
  /** The message is larger than the broker takes. */
  | 'too-large'
  /** The bus was closed by its owner. */
  | 'closed'

export class BusError extends Error {
  override readonly name = 'BusError'
  readonly code: BusErrorCode

  constructor(code: BusErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
