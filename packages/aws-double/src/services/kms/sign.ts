import { createHash, createPublicKey } from 'node:crypto'
import type {
  GetPublicKeyCommandInput,
  GetPublicKeyCommandOutput,
  SignCommandInput,
  SignCommandOutput,
} from '@aws-sdk/client-kms'
import { p256 } from '@noble/curves/nist.js'
import type { Call } from '../../call.ts'
import { AwsError, invalid } from '../../errors.ts'
import { type Output, only } from '../../service.ts'
import { authorizeKey, keyOf, requestAlias, usable } from './access.ts'
import { algorithmsOf, bytesFor } from './material.ts'

const maxMessage = 4096

/** The signature is DER and, as in KMS, with s in either half. */
export function sign(input: SignCommandInput, call: Call): Output<SignCommandOutput> {
  only(input, ['KeyId', 'Message', 'MessageType', 'SigningAlgorithm'])
  const { KeyId: reference = '', Message: message = new Uint8Array(), MessageType: type = 'RAW' } = input
  const { SigningAlgorithm: algorithm } = input
  const key = keyOf(call, reference)
  authorizeKey(
    call,
    key,
    'kms:Sign',
    {},
    {
      'kms:RequestAlias': requestAlias(reference),
      'kms:MessageType': type,
      'kms:SigningAlgorithm': algorithm,
    },
  )
  const secretKey = bytesFor(usable(key), 'SIGN_VERIFY')
  if (algorithm !== 'ECDSA_SHA_256')
    throw new AwsError('InvalidKeyUsageException', `${algorithm} is not an algorithm of this key`)
  if (type !== 'RAW' && type !== 'DIGEST') throw invalid(`the message type ${type} is not one of this key`)
  if (message.length === 0 || message.length > maxMessage) throw invalid(`Message must have 1 to ${maxMessage} bytes`)
  if (type === 'DIGEST' && message.length !== 32) throw invalid(`Digest is invalid length for algorithm ${algorithm}.`)
  const digest = type === 'DIGEST' ? message : createHash('sha256').update(message).digest()
  const Signature = p256.sign(new Uint8Array(digest), secretKey, { prehash: false, lowS: false, format: 'der' })
  return { KeyId: key.arn, Signature, SigningAlgorithm: algorithm }
}

/** The public half as SubjectPublicKeyInfo in DER. */
export function getPublicKey(input: GetPublicKeyCommandInput, call: Call): Output<GetPublicKeyCommandOutput> {
  only(input, ['KeyId'])
  const { KeyId: reference = '' } = input
  const key = keyOf(call, reference)
  authorizeKey(call, key, 'kms:GetPublicKey', {}, { 'kms:RequestAlias': requestAlias(reference) })
  const { spec, usage } = usable(key).material
  if (usage !== 'SIGN_VERIFY')
    throw new AwsError('UnsupportedOperationException', `${key.arn} is symmetric: it has no public key`)
  const point = p256.getPublicKey(bytesFor(key, usage), false)
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(half => Buffer.from(half).toString('base64url'))
  const jwk = { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }
  const spki = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })
  return {
    KeyId: key.arn,
    PublicKey: new Uint8Array(spki),
    CustomerMasterKeySpec: spec,
    KeySpec: spec,
    KeyUsage: usage,
    ...algorithmsOf(key.material),
  }
}
