export { type Cbor, type CborMap, decodeCbor, encodeCbor } from './cbor.ts'
export { openCiphertextForRecipient, sealForRecipient } from './cms.ts'
export { type AttestationDocument, parseDocument } from './document.ts'
export { AttestationError, type AttestationErrorCode } from './errors.ts'
export type { AttestationPort, AttestationRequest, EncryptionContext, KmsPort, Pcrs } from './ports.ts'
export {
  createSoftwareAttestation,
  createSoftwareRoot,
  type SoftwareAttestation,
  type SoftwareRoot,
} from './software-attestation.ts'
export { createSoftwareKms, type SoftwareKms, type SoftwareKmsKey } from './software-kms.ts'
export { type AttestationPolicy, verifyAttestation } from './verify.ts'
