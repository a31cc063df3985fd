/**
 * Why a device does not take what it was shown. `log-invalid` an entry is not what three nodes certified; `log-old`, `log-forked`
 * the log is not the one that this device has seen; `view-missing` a node did not answer; `view-untrusted` a node's view is not
 * its own or not of this operation; `views-differ` a node sees something else than this device or the others; `pins` the pins are
 * not of the vault that they are said to be of; `link` not a pairing link.
 */
export type ApprovalErrorCode =
  | 'log-invalid'
  | 'log-old'
  | 'log-forked'
  | 'view-missing'
  | 'view-untrusted'
  | 'views-differ'
  | 'pins'
  | 'link'

export class ApprovalError extends Error {
  override readonly name = 'ApprovalError'
  readonly code: ApprovalErrorCode
  constructor(code: ApprovalErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
