/**
 * Why the device did not do what it was asked for. `not-pinned` it does not know the vault yet; `no-key` it has no key; `other-user`
 * its key belongs to another person than the one signed in; `changed` the operation is not the one that was shown; `refused` it may
 * not be approved; `bad-token` the identity provider's answer is not for this key; `issuer` the identity provider cannot be read.
 */
export type DeviceErrorCode =
  | 'not-pinned'
  | 'no-key'
  | 'has-key'
  | 'other-user'
  | 'changed'
  | 'refused'
  | 'bad-token'
  | 'issuer'

export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  readonly code: DeviceErrorCode
  readonly remedy: string
  constructor(code: DeviceErrorCode, message: string, remedy: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.remedy = remedy
  }
}
