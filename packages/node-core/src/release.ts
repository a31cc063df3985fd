import { generateKeyPairSync } from 'node:crypto'
import { type AttestationPort, type KmsPort, openCiphertextForRecipient } from '@trivault/attestation'
import type { NodeSecret } from './ports.ts'
import { decodeNodeSecret, NODE_SECRET_LENGTH, secretContext } from './secret.ts'

export interface ReleaseOptions {
  attestation: AttestationPort
  kms: KmsPort
  /** The node's secret as encrypted by its KMS key. */
  sealed: Uint8Array
  deploymentId: string
  index: number
  random: (length: number) => Uint8Array
}

/**
 * Has the KMS release this node's secret to this process: an ephemeral RSA-2048 key goes into an attestation document, and
 * the answer is encrypted to it, so that neither host nor network sees the secret. An altered answer fails in one way only:
 * the host may start a core as often as it likes, and must learn nothing from what it does to the answer.
 * Throws AttestationError, LinkError, NodeError bad-secret.
 */
export async function releaseSecret(options: ReleaseOptions): Promise<NodeSecret> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const recipient = await options.attestation.attest({
    publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    nonce: options.random(32),
  })
  const envelope = await options.kms.decrypt({
    ciphertext: options.sealed,
    encryptionContext: secretContext(options.deploymentId, options.index),
    recipient,
  })
  const plaintext = openCiphertextForRecipient(envelope, privateKey, NODE_SECRET_LENGTH)
  try {
    return decodeNodeSecret(plaintext)
  } finally {
    plaintext.fill(0)
  }
}
