import { createHash } from 'node:crypto'
import type { Start } from './environment.ts'
import { EntrypointError } from './errors.ts'

/** The configuration, with the hash that was deployed. Throws EntrypointError configuration. */
export async function fetchConf({ bucket, key, sha256 }: NonNullable<Start['conf']>): Promise<Uint8Array> {
  const place = `s3://${bucket}/${key}`
  const { S3Client, GetObjectCommand } = await import('@aws-sdk/client-s3')
  // An endpoint other than AWS's own has no host names of buckets.
  const client = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined })
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    const bytes = await Body?.transformToByteArray()
    if (bytes === undefined) throw new Error('an empty answer')
    const found = createHash('sha256').update(bytes).digest('hex')
    if (found !== sha256)
      throw new EntrypointError(
        'configuration',
        `${place} is not what was deployed: its SHA-256 is ${found}, not ${sha256}; deploy again`,
      )
    return bytes
  } catch (cause) {
    if (cause instanceof EntrypointError) throw cause
    throw new EntrypointError('configuration', `${place} cannot be read with this task's role: ${nameOf(cause)}`, {
      cause,
    })
  } finally {
    client.destroy()
  }
}

/** Throws EntrypointError secret. */
export async function fetchSecret(name: string, arn: string): Promise<string> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient({})
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }))
    if (SecretString) return SecretString
    throw new Error('it has no text')
  } catch (cause) {
    throw new EntrypointError(
      'secret',
      `${name}: ${arn} cannot be read with this host's role: ${nameOf(cause)}; was it populated?`,
      { cause },
    )
  } finally {
    client.destroy()
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown')
