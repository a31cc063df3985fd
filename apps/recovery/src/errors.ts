/**
 * What the tool refuses with. `usage` what was asked makes no sense; `file` a file cannot be read or written; `backup` the
 * backup is not one, or altered; `ers-key` the ERS key is none, or not the one of the backup; `rebuild` the shares do not
 * give the key.
 */
export type RecoveryErrorCode = 'usage' | 'file' | 'backup' | 'ers-key' | 'rebuild'

export class RecoveryError extends Error {
  override readonly name = 'RecoveryError'
  readonly code: RecoveryErrorCode
  constructor(code: RecoveryErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
