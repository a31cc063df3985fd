import type { KMSClient } from '@aws-sdk/client-kms'
import { AttestationError, type AttestationErrorCode, type KmsPort } from '@trivault/attestation'

const ANSWER_MS = 5_000
/** With the SDK's back-off about 15 s of trying. */
const ATTEMPTS = 6

/** What of AWS's refusals is told apart; anything else is a refusal without a name of ours. */
const refusals: Readonly<Record<string, AttestationErrorCode>> = {
  NotFoundException: 'unknown-key',
  DisabledException: 'unknown-key',
  KMSInvalidStateException: 'unknown-key',
  InvalidCiphertextException: 'bad-ciphertext',
  IncorrectKeyException: 'bad-ciphertext',
  AccessDeniedException: 'wrong-pcr',
}

/**
 * AWS KMS, asked with the credentials of the host's own role: Decrypt with Recipient, answered only where the key's policy
 * finds the measurements it names. `keyId` is an ARN: the key is in the node admin's account.
 * Rejects with AttestationError.
 */
export function awsKms({ region, keyId }: { region: string; keyId: string }): KmsPort {
  let client: Promise<KMSClient> | undefined
  return {
    async decrypt({ ciphertext, encryptionContext, recipient }) {
      const { KMSClient, DecryptCommand } = await import('@aws-sdk/client-kms')
      client ??= Promise.resolve(new KMSClient({ region, maxAttempts: ATTEMPTS }))
      const request = new DecryptCommand({
        KeyId: keyId,
        CiphertextBlob: ciphertext,
        EncryptionContext: { ...encryptionContext },
        Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: recipient },
      })
      const answer = await (await client)
        .send(request, { requestTimeout: ANSWER_MS })
        .catch((cause: unknown) => refuse(keyId, cause))
      // A plaintext would mean that the document was ignored: it is not looked at.
      return answer.CiphertextForRecipient ?? refuse(keyId, new Error('an answer without CiphertextForRecipient'))
    },
  }
}

function refuse(keyId: string, cause: unknown): never {
  const name = cause instanceof Error ? cause.name : 'unknown'
  const code = refusals[name]
  if (code === undefined)
    throw new AttestationError('unavailable', `AWS KMS does not answer for ${keyId}: ${name}`, { cause })
  const why =
    code === 'wrong-pcr'
      ? 'this host’s role, or the measurements of this enclave (PCR), are not those of the key’s policy'
      : name
  throw new AttestationError(code, `the KMS refused: ${why}`, { cause })
}
