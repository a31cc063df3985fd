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
