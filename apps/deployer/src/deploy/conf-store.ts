import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { confBucketName } from '../names.ts'
import type { ConfComponent, ConfFiles, StoredFile } from '../stacks/index.ts'

interface LocalFile extends StoredFile {
  readonly bytes: Uint8Array
  readonly contentType: string
}

const components: readonly ConfComponent[] = ['wallet', 'broker', 'node0', 'node1', 'node2']
const fileOf = (component: ConfComponent) => (component === 'broker' ? 'nats.conf' : `${component}.json`)

/** conf/ of the working directory, under the keys that it has in the conf bucket. Throws DeployerError missing-file. */
export function readConfFiles(context: Context): Record<ConfComponent, LocalFile> {
  const entries = components.map(component => {
    const contentType = component === 'broker' ? 'text/plain' : 'application/json'
    const path = context.file('conf', fileOf(component))
    return [component, localFile(path, component, contentType, 'run `make generate-conf-files` first')] as const
  })
  return Object.fromEntries(entries) as Record<ConfComponent, LocalFile>
}

/** The enclave image that fetch-enclave-artifacts left, checked again. Throws DeployerError missing-file, mismatch, untrusted. */
export async function readEnclaveImage(context: Context): Promise<LocalFile> {
  const { readPulledPcrs } = await import('../delivery/enclave.ts')
  readPulledPcrs(context)
  return localFile(
    context.file('enclave.eif'),
    'enclave',
    'application/octet-stream',
    'run `make fetch-enclave-artifacts` first',
  )
}

function localFile(path: string, prefix: string, contentType: string, remedy: string): LocalFile {
  if (!existsSync(path)) throw new DeployerError('missing-file', `${path} is not there`, remedy)
  const bytes = readFileSync(path)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const extension = path.slice(path.lastIndexOf('.'))
  return { key: `${prefix}/${sha256}${extension}`, sha256, bytes, contentType }
}

/** Puts what is not in the bucket yet; returns how many files that were. A key names its content, so nothing is replaced. */
export async function storeFiles(context: Context, files: readonly LocalFile[]): Promise<number> {
  const deployment = context.deployment()
  const { HeadObjectCommand, PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = context.aws.client(S3Client)
  const Bucket = confBucketName(deployment, deployment.accounts.wallet)
  let stored = 0
  for (const { key: Key, bytes: Body, contentType: ContentType } of files) {
    const there = await client.send(new HeadObjectCommand({ Bucket, Key })).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey')) return false
        throw error
      },
    )
    if (there) continue
    await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType })).catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'NoSuchBucket')) throw error
      throw new DeployerError('missing-file', `there is no bucket ${Bucket}`, 'run `make deploy-baseline` first', {
        cause: error,
      })
    })
    stored += 1
  }
  return stored
}

export const storedFiles = (files: Readonly<Record<ConfComponent, LocalFile>>): ConfFiles =>
  Object.fromEntries(Object.entries(files).map(([name, { key, sha256 }]) => [name, { key, sha256 }])) as ConfFiles
