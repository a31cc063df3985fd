/**
 * Threshold ECDSA for secp256k1 (DKLs23), FROST for Ed25519 and BIP-340, key generation, derivation and refresh on both
 * curves, and publicly verifiable backup of shares. Pure state machines: frames in, frames out. See SPEC.md for rounds,
 * layouts, checks and parameters.
 */
export {
  type BackupContext,
  backupFailure,
  type ExpectedBackup,
  encryptBackup,
  type RefusedBackup,
  recoverKey,
  verifyBackup,
} from './backup.ts'
export { type CurveEngine, engine, recoverPublicKey } from './curve.ts'
export { derivePublicKey } from './derive.ts'
export { deriveEd25519PublicKey } from './derive-ed25519.ts'
export { ed25519Engine } from './ed25519.ts'
export { MpcError, type MpcErrorCode } from './errors.ts'
export { PROTOCOL_VERSION } from './frame.ts'
export { createFrostSigning, type FrostSigningOptions, type SchnorrSignature } from './frost/signing.ts'
export { deriveSchnorrKey, type Taproot } from './frost/signing-key.ts'
export { verifyBip340 } from './frost/suite.ts'
export type { Curve } from './group.ts'
export { createKeygen, type KeygenOptions } from './keygen.ts'
export { decodeKeyShare, encodeKeyShare, type KeyReport, type KeyShare, keyReport } from './keyshare.ts'
export { createPairSetup, type PairSetupOptions } from './pair-setup.ts'
export type { PairState } from './pair-state.ts'
export { createRefresh, type RefreshOptions } from './refresh.ts'
export type { Failure, Outgoing, Random, Session, Step } from './session.ts'
export { createSigning } from './signing.ts'
export type { Signature, SigningOptions } from './signing-messages.ts'
