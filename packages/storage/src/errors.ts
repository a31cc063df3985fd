export type StorageErrorCode =
  /** A program or package that PostgreSQL needs is not installed; the message says which. */
  | 'missing-program'
  /** A directory that cannot hold a database cluster. */
  | 'bad-directory'
  /** A connection URL or a database name that is not acceptable. */
  | 'bad-argument'
  /** The server did not come up; the message carries its last words. */
  | 'start-failed'
  /** A migration failed; the database is as before it. */
  | 'migration-failed'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** True when an error of a query says that the server is away, starting or going, not that the statement is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return (
    /^(08|53|57P0|ECONN|EPIPE|ETIMEDOUT)/.test(code) ||
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
      error.message,
    )
  )
}
