import { randomBytes } from 'node:crypto'
import { IAMClient } from '@aws-sdk/client-iam'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { STSClient } from '@aws-sdk/client-sts'
import { createSoftwareAttestation } from '@trivault/attestation'
import { type AwsDouble, type DoubleOptions, type PolicyDocument, startAwsDouble } from '../src/index.ts'

export const own = '111111111111'
export const other = '222222222222'
export const region = 'eu-west-1'

export const allow = (
  Action: string | readonly string[],
  Resource: string | readonly string[] = '*',
  rest: object = {},
): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource, ...rest }],
})

/** Two accounts: `admin` may do everything, `nobody` nothing, `reader` reads secrets, keys and objects as far as others let it. */
export const startTwoAccounts = (options: Partial<DoubleOptions> = {}): Promise<AwsDouble> =>
  startAwsDouble({
    region,
    accounts: [own, other].map(id => ({
      id,
      users: {
        admin: 'administrator',
        nobody: [],
        reader: [allow(['kms:Decrypt', 's3:GetObject', 'secretsmanager:GetSecretValue'])],
      },
      zones: [{ name: `${id}.example.com`, id: `Z${id}` }],
    })),
    ...options,
  })

/** Clients of one principal. */
export function clientsOf(aws: AwsDouble, account: string, name: string) {
  const config = { endpoint: aws.endpoint, region, credentials: aws.credentialsFor(account, name), maxAttempts: 1 }
  return {
    config,
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    s3: new S3Client(config),
    secrets: new SecretsManagerClient(config),
    sts: new STSClient(config),
  }
}

/** Attestation documents of an enclave with this PCR0, under the double's own root. */
export const enclaveOf = (aws: AwsDouble, pcr0: string) =>
  createSoftwareAttestation({
    rootKey: aws.attestation.key,
    rootCert: aws.attestation.certificate,
    clock: Date.now,
    random: length => new Uint8Array(randomBytes(length)),
  }).portFor(new Map([[0, new Uint8Array(Buffer.from(pcr0, 'hex'))]]))
