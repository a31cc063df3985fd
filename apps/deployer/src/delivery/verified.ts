import { isAbsolute } from 'node:path'
import type { Context } from '../context.ts'
import { checkSignatures } from './cosign.ts'
import { untrusted } from './refusals.ts'
import { Registry } from './registry.ts'
import {
  type Digest,
  type ImageName,
  openRelease,
  places,
  RELEASE_FILE,
  type Release,
  repositoryOf,
  SIGNATURE_FILE,
  tag,
} from './release.ts'
import { KEY_FILE, type TrustedKey, trustedKey } from './signing.ts'
import { bucketStore, type DeliveryStore, folderStore, readWhole } from './store.ts'

/** The bucket `DELIVERY_BUCKET`, or the folder when it is an absolute path. */
export async function deliveryStore({
  settings,
  aws,
  signal,
}: Pick<Context, 'settings' | 'aws' | 'signal'>): Promise<DeliveryStore> {
  const place = settings.require('DELIVERY_BUCKET')
  return isAbsolute(place) ? folderStore(place) : bucketStore(aws, place, settings.require('DELIVERY_REGION'), signal)
}

/** A release whose signature was checked, with what it takes to check or show it again. */
export interface VerifiedRelease {
  readonly release: Release
  readonly key: TrustedKey
  readonly prefix: string
  readonly bytes: Uint8Array
  readonly signature: string
}

export type ReleasePart = 'bundle' | 'enclave' | 'deployer'

/**
 * The signed manifest at one of the three places of a delivery. The key beside it counts only because its fingerprint is the one
 * that came by another way; the tag in the manifest must be the one that was asked for.
 * @throws DeployerError `untrusted`, `failed`, `unreachable`, `missing-variable`
 */
export async function verifiedRelease(
  { settings }: Pick<Context, 'settings'>,
  store: DeliveryStore,
  part: ReleasePart,
): Promise<VerifiedRelease> {
  const variable = {
    bundle: 'CUSTOMER_SHARED_SEGMENT',
    enclave: 'MPA_IMAGE_TAG',
    deployer: 'DEPLOYER_VERSION',
  } as const
  const wanted = tag(settings.require(variable[part]), variable[part])
  const fingerprint = settings.require('SIGNING_KEY_FINGERPRINT')
  const prefix = places[part](wanted)
  const text = async (file: string): Promise<string> =>
    new TextDecoder().decode(await readWhole(store, `${prefix}${file}`, 4_096))
  const key = trustedKey(await text(KEY_FILE), fingerprint)
  const signature = await text(SIGNATURE_FILE)
  const bytes = await readWhole(store, `${prefix}${RELEASE_FILE}`, 1 << 20)
  const release = openRelease(bytes, signature, key)
  const found = { bundle: release.release, enclave: release.enclave.tag, deployer: release.deployer.version }[part]
  if (found !== wanted)
    throw untrusted(
      `${store.name}/${prefix} holds ${part} ${found}, not ${wanted}: somebody moved it`,
      `check ${variable[part]} against your delivery note, and tell the publisher`,
    )
  return { release, key, prefix, bytes, signature }
}

/** `host` of a registry setting, which may be a URL in front of a registry on this machine. */
export const registryHost = (registry: string): string => registry.replace(/^https?:\/\//, '')

export const registryUrl = (registry: string): string =>
  /^https?:\/\//.test(registry) ? registry : `https://${registry}`

/** Value of the Authorization header for ECR registries; asked once. */
export function ecrAuthorization({ aws }: Pick<Context, 'aws'>, region: string): () => Promise<string> {
  let token: Promise<string> | undefined
  const ask = async (): Promise<string> => {
    const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr')
    const { authorizationData } = await aws.client(ECRClient, region).send(new GetAuthorizationTokenCommand({}))
    return `Basic ${authorizationData?.[0]?.authorizationToken ?? ''}`
  }
  return () => {
    token ??= ask()
    return token
  }
}

/** A token of ECR opens every registry of the caller: no other host may see it. */
function isEcr(url: string, endpoint: string | undefined): boolean {
  const { host, hostname, protocol } = new URL(url)
  if (endpoint !== undefined) return hostname === new URL(endpoint).hostname
  return protocol === 'https:' && /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(host)
}

/** The publisher's registry, as this caller may use it; a mirror that is not ECR is asked without credentials. */
export function deliveryRegistry(context: Pick<Context, 'settings' | 'aws' | 'signal' | 'environment'>): Registry {
  const { settings, signal, environment } = context
  const url = registryUrl(settings.require('DELIVERY_REGISTRY'))
  if (!isEcr(url, environment.AWS_ENDPOINT_URL)) return new Registry({ url, signal })
  return new Registry({ url, signal, authorization: ecrAuthorization(context, settings.require('DELIVERY_REGION')) })
}

/**
 * Compares an image of the publisher's registry with the release: the tag must lead to the digest of the signed manifest, and
 * that digest must carry the key's own signature for this repository and tag.
 * @throws DeployerError `untrusted`, `failed`, `unreachable`
 */
export async function verifyImage(
  registry: Registry,
  image: ImageName,
  expected: { readonly digest: Digest; readonly tag: string },
  key: TrustedKey,
): Promise<{ manifest: Uint8Array; digest: Digest }> {
  const repository = repositoryOf(image)
  const name = `${registry.name}/${repository}:${expected.tag}`
  const found = await registry.manifest(repository, expected.tag)
  if (found === undefined)
    throw untrusted(
      `there is no image ${name}`,
      'check the tag in your delivery note; the publisher may have withdrawn it',
    )
  if (found.digest !== expected.digest)
    throw untrusted(`the tag ${name} was moved: it leads to ${found.digest}, the release has ${expected.digest}`)
  const { digest, tag: signedTag } = expected
  const signatures = await registry.signatures(repository, digest)
  checkSignatures({ registry: registry.name, repository, digest, tag: signedTag }, signatures, key)
  return { manifest: found.bytes, digest }
}
