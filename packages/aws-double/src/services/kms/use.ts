import type {
  DecryptCommandInput,
  DecryptCommandOutput,
  EncryptCommandInput,
  GenerateDataKeyCommandInput,
  GenerateDataKeyCommandOutput,
} from '@aws-sdk/client-kms'
import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { type Output, only } from '../../service.ts'
import { authorizeKey, keyOf, requestAlias, usable } from './access.ts'
import { decryptUnder, encryptUnder, keyArnOf } from './crypto.ts'
import { bytesFor } from './material.ts'
import { readRecipient } from './recipient.ts'

function checkAlgorithm(algorithm: string | undefined): void {
  if (algorithm !== undefined && algorithm !== 'SYMMETRIC_DEFAULT') {
    throw new AwsError('InvalidKeyUsageException', `${algorithm} is not an algorithm of this key`)
  }
}

export function encrypt(input: EncryptCommandInput, call: Call) {
  only(input, ['EncryptionAlgorithm', 'EncryptionContext', 'KeyId', 'Plaintext'])
  checkAlgorithm(input.EncryptionAlgorithm)
  const { KeyId: reference = '', EncryptionContext: context = {}, Plaintext: plaintext = new Uint8Array() } = input
  const key = keyOf(call, reference)
  authorizeKey(call, key, 'kms:Encrypt', context, { 'kms:RequestAlias': requestAlias(reference) })
  const ciphertext = encryptUnder(usable(key), plaintext, context, call.world.random)
  return { CiphertextBlob: ciphertext, KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const }
}

export function decrypt(input: DecryptCommandInput, call: Call): Output<DecryptCommandOutput> {
  only(input, ['CiphertextBlob', 'EncryptionAlgorithm', 'EncryptionContext', 'KeyId', 'Recipient'])
  checkAlgorithm(input.EncryptionAlgorithm)
  const { CiphertextBlob: ciphertext = new Uint8Array(), EncryptionContext: context = {}, KeyId: reference } = input
  const recipient = readRecipient(call, input.Recipient)
  const arn = keyArnOf(ciphertext)
  const key = keyOf(call, reference ?? arn)
  authorizeKey(call, key, 'kms:Decrypt', context, {
    'kms:RequestAlias': requestAlias(reference ?? ''),
    ...recipient?.context,
  })
  bytesFor(key, 'ENCRYPT_DECRYPT')
  if (key.arn !== arn) throw new AwsError('IncorrectKeyException', 'the ciphertext was made under another key')
  const plaintext = decryptUnder(usable(key), ciphertext, context)
  return {
    KeyId: key.arn,
    EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    ...(recipient ? { CiphertextForRecipient: recipient.seal(plaintext) } : { Plaintext: plaintext }),
  }
}

export function generateDataKey(input: GenerateDataKeyCommandInput, call: Call): Output<GenerateDataKeyCommandOutput> {
  only(input, ['EncryptionContext', 'KeyId', 'KeySpec', 'NumberOfBytes', 'Recipient'])
  const { KeyId: reference = '', EncryptionContext: context = {}, KeySpec: spec, NumberOfBytes: count } = input
  const recipient = readRecipient(call, input.Recipient)
  const key = keyOf(call, reference)
  authorizeKey(call, key, 'kms:GenerateDataKey', context, {
    'kms:RequestAlias': requestAlias(reference),
    ...recipient?.context,
  })
  if ((spec === undefined) === (count === undefined)) {
    throw new AwsError('ValidationException', 'one of KeySpec and NumberOfBytes is needed')
  }
  const plaintext = call.world.random(count ?? (spec === 'AES_128' ? 16 : 32))
  return {
    KeyId: key.arn,
    CiphertextBlob: encryptUnder(usable(key), plaintext, context, call.world.random),
    ...(recipient ? { CiphertextForRecipient: recipient.seal(plaintext) } : { Plaintext: plaintext }),
  }
}
