import type { ApprovalErrorCode, Refusal } from '@trivault/approval'

/**
 * Why a command ended without success. `usage` the command line makes no sense (exit code 2); `configuration` a file or setting
 * is missing; `unreachable` the vault does not answer; `refused` the vault said no; `untrusted` what the wallet or a file says
 * is not what the nodes signed; `failed` the operation failed or did not end in time; `declined` the person said no.
 */
export type CliErrorCode = 'usage' | 'configuration' | 'unreachable' | 'refused' | 'untrusted' | 'failed' | 'declined'

/** The code under which the command line reports a refusal of the device. */
export function codeOfRefusal(reason: Refusal | ApprovalErrorCode): CliErrorCode {
  if (reason === 'view-missing') return 'failed'
  return reason.startsWith('not-') || reason.startsWith('already-') || reason.startsWith('unknown-')
    ? 'refused'
    : 'untrusted'
}

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  constructor(code: CliErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
