export { AttestationError, type AttestationErrorCode } from './errors.ts'
export type { AttestationPort, AttestationRequest, EncryptionContext, KmsPort, Pcrs } from './ports.ts'
