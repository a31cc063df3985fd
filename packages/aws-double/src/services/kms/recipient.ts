import { createPublicKey, type KeyObject } from 'node:crypto'
import type { RecipientInfo } from '@aws-sdk/client-kms'
import { AttestationError, parseDocument, sealForRecipient, verifyAttestation } from '@trivault/attestation'
import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'

export type Recipient = {
  /** Condition keys: each register, and PCR0 once more as the image's hash. */
  readonly context: Readonly<Record<string, string>>
  /** CiphertextForRecipient of a plaintext. */
  seal(plaintext: Uint8Array): Uint8Array
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/**
 * Verifies the attestation document of a request under the double's attestation root.
 * @throws AwsError `ValidationException` when it does not verify.
 */
export function readRecipient(call: Call, recipient: RecipientInfo | undefined): Recipient | undefined {
  if (recipient === undefined) return undefined
  const { AttestationDocument: bytes, KeyEncryptionAlgorithm: algorithm } = recipient
  if (algorithm !== 'RSAES_OAEP_SHA_256' || !bytes) {
    throw new AwsError('ValidationException', 'Recipient needs a document and RSAES_OAEP_SHA_256')
  }
  const { root, pcrs, publicKey } = verified(call, new Uint8Array(bytes))
  const key = rsaKey(publicKey)
  const registers = Object.fromEntries([...pcrs].map(([i, pcr]) => [`kms:RecipientAttestation:PCR${i}`, hex(pcr)]))
  return {
    context: { ...registers, 'kms:RecipientAttestation:ImageSha384': root },
    seal: plaintext => sealForRecipient(plaintext, key, call.world.random),
  }
}

function verified({ world }: Call, bytes: Uint8Array) {
  try {
    const claimed = parseDocument(bytes).document.pcrs
    const used = new Map([...claimed].filter(([, pcr]) => pcr.some(byte => byte !== 0)))
    const document = verifyAttestation(bytes, { root: world.attestation.certificate, time: world.clock(), pcrs: used })
    return { root: hex(document.pcrs.get(0) ?? new Uint8Array()), pcrs: document.pcrs, publicKey: document.publicKey }
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    throw new AwsError('ValidationException', `the attestation document does not verify: ${error.message}`)
  }
}

function rsaKey(spki: Uint8Array | undefined): KeyObject {
  try {
    if (spki) {
      const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
      if (key.asymmetricKeyType === 'rsa') return key
    }
  } catch {
    // Told below, together with an absent key.
  }
  throw new AwsError('ValidationException', 'the attestation document carries no RSA public key')
}
