/** What can go wrong before or outside a protocol run. A cheat inside a run is a `Failure`, never an exception. */
export type MpcErrorCode =
  /** The caller's arguments contradict each other (participants, threshold, lengths, path). */
  | 'invalid-argument'
  /** Bytes that should encode a scalar, point, key share or backup do not. */
  | 'malformed'
  /** The OT state of a pair was destroyed after a failure; a new epoch is needed. */
  | 'pair-destroyed'
  /** The session id was already used with this OT epoch. */
  | 'session-reused'
  /** BIP-32 produced an invalid child (probability below 2^-127) or the path is hardened. */
  | 'derivation'
  /** The ERS key is not RSA, too small, or does not fit the backup. */
  | 'ers-key'
  /** Recovered shares do not open the key in the key report. */
  | 'recovery'

/** The package's only exception. Messages never contain secrets. */
export class MpcError extends Error {
  override readonly name = 'MpcError'
  readonly code: MpcErrorCode

  constructor(code: MpcErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
