/**
 * Threshold ECDSA for secp256k1 (DKLs23), BIP-32 derivation of its keys, and publicly verifiable backup of its shares.
 * Pure state machines: frames in, frames out. See SPEC.md for rounds, layouts, checks and parameters.
 */
export {
  type BackupContext,
  backupFailure,
  type ExpectedBackup,
  encryptBackup,
  recoverKey,
  verifyBackup,
} from './backup.ts'
export { type CurveEngine, engine } from './curve.ts'
export { derivePublicKey } from './derive.ts'
export { ed25519Engine } from './ed25519.ts'
export { MpcError, type MpcErrorCode } from './errors.ts'
export type { Curve } from './group.ts'
export { createKeygen, type KeygenOptions } from './keygen.ts'
export { decodeKeyShare, encodeKeyShare, type KeyReport, type KeyShare, keyReport } from './keyshare.ts'
export { createPairSetup, type PairSetupOptions } from './pair-setup.ts'
export type { PairState } from './pair-state.ts'
export { createRefresh } from './refresh.ts'
export type { Failure, Outgoing, Random, Session, Step } from './session.ts'
export { createSigning, type Signature, type SigningOptions } from './signing.ts'
