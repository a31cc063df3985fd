import { AttestationError, type AttestationPort, type KmsPort } from '@trivault/attestation'

/** The software KMS of a local vault over HTTP. */
export function httpKms(_options: { url: string; keyId: string }): KmsPort {
  return {
    decrypt: async () => {
      throw new AttestationError('unavailable', 'x')
    },
  }
}
export function httpAttestation(_options: { url: string }): AttestationPort {
  return {
    attest: async () => {
      throw new AttestationError('unavailable', 'x')
    },
  }
}
