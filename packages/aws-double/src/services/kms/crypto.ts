import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { AwsError } from '../../errors.ts'
import type { EncryptionContext } from './access.ts'
import { bytesFor } from './material.ts'
import type { KmsKey } from './store.ts'

const nonceLength = 12
const tagLength = 16
const maxPlaintext = 4096

/** Key and context are bound to the ciphertext, in an order of their own. */
const boundTo = (arn: string, context: EncryptionContext): Buffer => {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([arn, pairs]))
    .digest()
}

/** Ciphertext: length of the key's ARN, ARN, nonce, AES-256-GCM of the plaintext with key and context as additional data. */
export function encryptUnder(
  key: KmsKey,
  plaintext: Uint8Array,
  context: EncryptionContext,
  random: (length: number) => Uint8Array,
): Uint8Array {
  if (plaintext.length === 0 || plaintext.length > maxPlaintext) {
    throw new AwsError('ValidationException', `Plaintext must have 1 to ${maxPlaintext} bytes`)
  }
  const arn = Buffer.from(key.arn)
  const nonce = random(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', bytesFor(key, 'ENCRYPT_DECRYPT'), nonce).setAAD(
    boundTo(key.arn, context),
  )
  const sealed = [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]
  return new Uint8Array(Buffer.concat([Buffer.from([arn.length]), arn, nonce, ...sealed]))
}

const invalid = () =>
  new AwsError('InvalidCiphertextException', 'the ciphertext is malformed, altered, or made under another context')

/** ARN of the key that made a ciphertext. @throws AwsError `InvalidCiphertextException` */
export function keyArnOf(ciphertext: Uint8Array): string {
  const length = ciphertext[0] ?? 0
  const arn = Buffer.from(ciphertext.subarray(1, 1 + length)).toString()
  if (ciphertext.length < 1 + length + nonceLength + tagLength || !arn.startsWith('arn:aws:kms:')) throw invalid()
  return arn
}

/** @throws AwsError `InvalidCiphertextException` */
export function decryptUnder(key: KmsKey, ciphertext: Uint8Array, context: EncryptionContext): Uint8Array {
  const body = Buffer.from(ciphertext).subarray(1 + (ciphertext[0] ?? 0))
  const decipher = createDecipheriv('aes-256-gcm', bytesFor(key, 'ENCRYPT_DECRYPT'), body.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
  decipher.setAAD(boundTo(key.arn, context)).setAuthTag(body.subarray(-tagLength))
  try {
    return new Uint8Array(Buffer.concat([decipher.update(body.subarray(nonceLength, -tagLength)), decipher.final()]))
  } catch {
    throw invalid()
  }
}
