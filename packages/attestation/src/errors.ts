export type AttestationErrorCode =
  /** The bytes are not a well-formed attestation document. */
  | 'malformed-document'
  /** The COSE signature does not verify under the leaf certificate. */
  | 'bad-signature'
  /** The certificate chain does not lead to the trusted root, or breaks a rule on the way. */
  | 'bad-chain'
  /** A certificate is not valid at the given time, or the document is too old or from the future. */
  | 'expired'
  /** A required platform configuration register is absent or differs. */
  | 'wrong-pcr'
  | 'wrong-nonce'
  | 'wrong-user-data'
  /** The document carries no public key, or one that cannot receive an answer. */
  | 'no-recipient-key'
  /** The KMS does not know the key that the ciphertext names. */
  | 'unknown-key'
  /** The KMS ciphertext is malformed, altered, or was made under another encryption context. */
  | 'bad-ciphertext'
  /** The CMS answer is malformed or was not made for this private key. */
  | 'bad-envelope'
  /** A request that no KMS or authority accepts: too large, wrong type, unknown field. */
  | 'bad-request'
  /** The service could not be reached or did not answer in time. */
  | 'unavailable'

export class AttestationError extends Error {
  override readonly name = 'AttestationError'
  readonly code: AttestationErrorCode

  constructor(code: AttestationErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
