export type EifErrorCode =
  /** Bytes end before what the header announces. */
  | 'truncated'
  /** Not an enclave image file. */
  | 'magic'
  /** Another version of the format than 4. */
  | 'version'
  /** A field of the header that must be zero is not, or the number of sections is impossible. */
  | 'header'
  /** Sections overlap, leave gaps, disagree with the header, or bytes follow the last. */
  | 'section'
  /** The checksum is not that of the bytes. */
  | 'crc'
  /** Sections are missing, doubled, or in another order than the format's builder writes. */
  | 'order'
  | 'cmdline'
  | 'metadata'
  /** The signature section is malformed, or signs something else than this image's PCR0. */
  | 'signature'
  /** Larger than any enclave image of ours can be. */
  | 'limit'
  /** A file for the application ramdisk with an impossible path, mode or duplicate, or a malformed archive. */
  | 'app-file'
  /** A pcr.json that is not one. */
  | 'pcr-json'
  /** Files of the Policy Node could not be gathered. */
  | 'collect'

/** The package's only exception. The message says what is wrong and, where somebody can act on it, what to do. */
export class EifError extends Error {
  override readonly name = 'EifError'
  readonly code: EifErrorCode

  constructor(code: EifErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
