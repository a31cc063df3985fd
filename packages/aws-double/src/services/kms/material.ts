import type { KeySpec, KeyUsageType } from '@aws-sdk/client-kms'
import { p256 } from '@noble/curves/nist.js'
import { AwsError, invalid, notInDouble } from '../../errors.ts'

/** What a key is made of: AES-256, or a private key of the curve P-256. */
export interface Material {
  readonly spec: 'SYMMETRIC_DEFAULT' | 'ECC_NIST_P256'
  readonly usage: 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY'
  readonly bytes: Uint8Array
}

/**
 * KMS takes every key for one that encrypts unless told otherwise.
 * @throws AwsError `ValidationException` for a usage that the spec has not, `NotInAwsDouble`
 */
export function makeMaterial(
  random: (length: number) => Uint8Array,
  spec: KeySpec = 'SYMMETRIC_DEFAULT',
  usage: KeyUsageType = 'ENCRYPT_DECRYPT',
): Material {
  if (spec === 'SYMMETRIC_DEFAULT' && usage === 'ENCRYPT_DECRYPT') return { spec, usage, bytes: random(32) }
  if (spec === 'ECC_NIST_P256' && usage === 'SIGN_VERIFY')
    return { spec, usage, bytes: p256.keygen(random(48)).secretKey }
  if (['SYMMETRIC_DEFAULT', 'ECC_NIST_P256'].includes(spec) && usage !== 'KEY_AGREEMENT')
    throw invalid(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
  throw notInDouble(`a key of ${spec} for ${usage}`)
}

/** What DescribeKey and GetPublicKey tell. */
export const algorithmsOf = ({ spec }: Material) =>
  spec === 'SYMMETRIC_DEFAULT'
    ? { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT' as const] }
    : { SigningAlgorithms: ['ECDSA_SHA_256' as const] }

/** @throws AwsError `InvalidKeyUsageException` */
export function bytesFor(key: { readonly arn: string; readonly material: Material }, usage: Material['usage']) {
  const { material, arn } = key
  if (material.usage === usage) return material.bytes
  throw new AwsError(
    'InvalidKeyUsageException',
    `${arn} key usage is ${material.usage} which is not valid for an operation of ${usage}`,
  )
}
