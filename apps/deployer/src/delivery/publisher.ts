import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildEif, collectPolicyNode, pcrJson, signerFromPem } from '@trivault/enclave-image'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { buildImages } from './build-images.ts'
import { bucketPolicy, deliveredRepositories, parseDeliveryList, repositoryPolicy } from './delivery-list.ts'
import { pcrSetOf } from './enclave.ts'
import { filesBelow, publish, refuseUsed } from './publish.ts'
import { failed, reason } from './refusals.ts'
import { signingKey } from './signing.ts'
import { uploadSteps } from './upload.ts'
import { deliveryRegistry, deliveryStore, registryHost } from './verified.ts'

export interface PublishOptions {
  release: string
  deployerVersion: string
  enclaveTag: string
  key: string
  passphraseFile?: string
  out: string
  kernel: string
  bootRamdisk: string
  cmdline: string
  enclaveCertificate?: string
  enclaveKey?: string
  natsServer: string
  rdsCa?: string
}

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const architectures: Readonly<Partial<Record<string, 'amd64' | 'arm64'>>> = { x64: 'amd64', arm64: 'arm64' }

const text = (path: string): string => Buffer.from(read(path)).toString()

function read(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new DeployerError('missing-file', `${path} cannot be read: ${reason(cause)}`, 'check the path', { cause })
  }
}

/** `publish`: everything is made from this checkout. Throws `DeployerError`. */
export async function publishCommand(context: Context, options: PublishOptions): Promise<void> {
  const { settings, out } = context
  const at = (path: string) => resolve(context.cwd, path)
  refuseUsed(at(options.out))
  const passphrase = options.passphraseFile && text(at(options.passphraseFile)).replace(/\r?\n$/, '')
  const key = signingKey(text(at(options.key)), passphrase)
  const architecture = architectures[process.arch]
  if (architecture === undefined || process.platform !== 'linux')
    throw failed(`images cannot be made on ${process.platform} ${process.arch}`, 'publish on Linux, x64 or arm64')
  const node = process.execPath
  const { enclaveCertificate, enclaveKey, rdsCa } = options
  const signing =
    enclaveCertificate === undefined || enclaveKey === undefined
      ? undefined
      : signerFromPem({ certificatePem: text(at(enclaveCertificate)), privateKeyPem: text(at(enclaveKey)) })
  const eif = buildEif({
    kernel: read(at(options.kernel)),
    cmdline: options.cmdline,
    bootRamdisk: read(at(options.bootRamdisk)),
    appFiles: await collectPolicyNode({ root, node }),
    architecture: architecture === 'amd64' ? 'x86_64' : 'arm64',
    metadata: { name: 'trivault-policy-node', version: options.enclaveTag },
    ...(signing && { signing }),
  })
  const images = buildImages({
    root,
    node,
    natsServer: at(options.natsServer),
    ...(rdsCa !== undefined && { rdsCa: at(rdsCa) }),
    architecture,
    labels: { 'org.opencontainers.image.version': options.release },
  })
  const web = (app: string) => {
    try {
      return filesBelow(join(root, 'apps', app, 'dist'))
    } catch (cause) {
      throw new DeployerError('missing-file', `apps/${app} is not built`, 'run `npm run build:frontend` first', {
        cause,
      })
    }
  }
  const { note } = publish(
    {
      release: options.release,
      deployerVersion: options.deployerVersion,
      enclaveTag: options.enclaveTag,
      bundle: filesBelow(join(root, 'installer')),
      web: { frontend: web('console'), approver: web('approver') },
      images,
      eif: eif.bytes,
      pcrs: pcrSetOf(eif.pcrs),
      pcrJson: pcrJson(eif.pcrs),
      registry: registryHost(settings.require('DELIVERY_REGISTRY')),
      bucket: settings.require('DELIVERY_BUCKET'),
    },
    key,
    at(options.out),
  )
  out.result({ folder: at(options.out), fingerprint: key.fingerprint, pcrs: pcrSetOf(eif.pcrs) }, note)
}

/** `upload`. Throws `DeployerError`. */
export async function uploadCommand(context: Context, folder: string): Promise<void> {
  const store = await deliveryStore(context)
  await context.out.steps(uploadSteps(resolve(context.cwd, folder), deliveryRegistry(context), store))
  context.out.result(
    { store: store.name },
    `uploaded to ${store.name} and ${context.settings.require('DELIVERY_REGISTRY')}`,
  )
}

/** `delivery-policies`. Throws `DeployerError`. */
export async function policiesCommand(
  context: Context,
  { list, apply }: { list: string; apply?: true },
): Promise<void> {
  const bucket = context.settings.require('DELIVERY_BUCKET')
  const region = context.settings.require('DELIVERY_REGION')
  const accounts = parseDeliveryList(text(resolve(context.cwd, list)), list)
  const policies = { bucket: bucketPolicy(bucket, accounts), repositories: repositoryPolicy(accounts) }
  if (!apply || context.flags.dryRun) return context.out.result(policies, JSON.stringify(policies, undefined, 2))
  const { S3Client, PutBucketPolicyCommand } = await import('@aws-sdk/client-s3')
  const ecr = await import('@aws-sdk/client-ecr')
  const { client: s3, registry } = {
    client: context.aws.client(S3Client, region),
    registry: context.aws.client(ecr.ECRClient, region),
  }
  await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policies.bucket) }))
  for (const repositoryName of deliveredRepositories) {
    await ensureRepository(registry, repositoryName, ecr)
    if (policies.repositories === undefined) await dropPolicy(registry, repositoryName, ecr)
    else {
      const policyText = JSON.stringify(policies.repositories)
      await registry.send(new ecr.SetRepositoryPolicyCommand({ repositoryName, policyText }))
    }
  }
  context.out.result(
    { accounts },
    `${accounts.length} accounts may pull from ${bucket} and ${deliveredRepositories.length} repositories`,
  )
}

type Ecr = typeof import('@aws-sdk/client-ecr')
type EcrClient = InstanceType<Ecr['ECRClient']>

async function ensureRepository(client: EcrClient, repositoryName: string, ecr: Ecr): Promise<void> {
  try {
    await client.send(new ecr.CreateRepositoryCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' }))
  } catch (error) {
    if (!(error instanceof ecr.RepositoryAlreadyExistsException)) throw error
  }
}

/** Nobody listed: nobody may pull. */
async function dropPolicy(client: EcrClient, repositoryName: string, ecr: Ecr): Promise<void> {
  try {
    await client.send(new ecr.DeleteRepositoryPolicyCommand({ repositoryName }))
  } catch (error) {
    if (!(error instanceof ecr.RepositoryPolicyNotFoundException)) throw error
  }
}
