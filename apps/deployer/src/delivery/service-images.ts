import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { repositoryName } from '../names.ts'
import { failed, untrusted } from './refusals.ts'
import { parseManifest, Registry, type UploadJournal } from './registry.ts'
import { type Digest, type ImageName, isDigest, repositoryOf, type ServiceName, serviceNames } from './release.ts'
import type { TrustedKey } from './signing.ts'
import { deliveryRegistry, deliveryStore, verifiedRelease, verifyImage } from './verified.ts'

/** What `deploy-service-images` brought into the customer's ECR. */
export interface ServiceImages {
  readonly tags: Readonly<Record<ServiceName, string>>
  readonly digests: Readonly<Record<ServiceName, Digest>>
}

const FILE = 'service-images.json'

/** Throws `DeployerError` missing-file until `deploy-service-images` has run. */
export function readServiceImages(cwd: string): ServiceImages {
  const path = join(cwd, FILE)
  if (!existsSync(path))
    throw new DeployerError('missing-file', `${FILE} is not there`, 'run `make deploy-service-images` first')
  const { tags, digests } = JSON.parse(readFileSync(path, 'utf8')) as Partial<ServiceImages>
  if (serviceNames.every(name => isDigest(digests?.[name] ?? '') && typeof tags?.[name] === 'string'))
    return { tags, digests } as ServiceImages
  throw new DeployerError('bad-config', `${FILE} names no digests`, 'run `make deploy-service-images` again')
}

/** One image on its way. */
export interface Copy {
  readonly image: ImageName
  readonly digest: Digest
  readonly tag: string
  readonly key: TrustedKey
  /** Repository at the target. */
  readonly repository: string
}

/**
 * Copies an image by digest, after verifying it. What the target has already is not sent again; the tag comes last.
 * @returns a closing word
 * @throws DeployerError `untrusted`, `failed`, `unreachable`
 */
export async function copyImage(
  source: Registry,
  target: Registry,
  { image, digest, tag, key, repository }: Copy,
  tell: (progress: string) => void,
): Promise<string> {
  const { manifest } = await verifyImage(source, image, { digest, tag }, key)
  const there = await target.manifest(repository, tag)
  if (there?.digest === digest) return `${digest} is there already`
  if (there !== undefined)
    throw untrusted(
      `${target.name}/${repository}:${tag} is another image (${there.digest})`,
      `find out who put it there; then delete that tag and run the same command again`,
    )
  const { config, layers } = parseManifest(manifest, `${source.name}/${repositoryOf(image)}@${digest}`)
  let sent = 0
  for (const [index, blob] of [config, ...layers].entries()) {
    tell(`${image}: part ${index + 1} of ${layers.length + 1}, ${Math.ceil(blob.size / 1_000_000)} MB`)
    if (await target.hasBlob(repository, blob.digest)) continue
    const bytes = await source.blob(repositoryOf(image), blob.digest, blob.size)
    if (await target.push(repository, blob.digest, bytes)) sent += blob.size
  }
  await target.putManifest(repository, tag, { manifest, digest })
  return `${digest}, ${(sent / 1_000_000).toFixed(1)} MB sent`
}

/** Locations of unfinished uploads; a file in the working directory. Holds no credentials. */
export function uploadJournal(path: string): UploadJournal {
  const read = (): Record<string, string> => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {})
  return {
    get: key => read()[key],
    set(key, location) {
      const { [key]: _, ...others } = read()
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(`${path}.tmp`, JSON.stringify({ ...others, ...(location !== undefined && { [key]: location }) }))
      renameSync(`${path}.tmp`, path)
    },
  }
}

/** The customer's own registry; its address is told by ECR. */
async function ownRegistry(context: Context): Promise<Registry> {
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr')
  const { authorizationData } = await context.aws.client(ECRClient).send(new GetAuthorizationTokenCommand({}))
  const [{ proxyEndpoint: url, authorizationToken } = {}] = authorizationData ?? []
  if (url === undefined) throw failed('ECR names no registry of this account', 'run the same command again')
  return new Registry({
    url,
    authorization: async () => `Basic ${authorizationToken}`,
    journal: uploadJournal(context.file('.trivault', 'uploads.json')),
    signal: context.signal,
  })
}

/** Throws `DeployerError` missing-file for the first repository that is not there. */
async function requireRepositories(context: Context, names: readonly string[]): Promise<void> {
  const { DescribeRepositoriesCommand, ECRClient, RepositoryNotFoundException } = await import('@aws-sdk/client-ecr')
  const client = context.aws.client(ECRClient)
  for (const name of names)
    await client.send(new DescribeRepositoriesCommand({ repositoryNames: [name] })).catch((cause: unknown) => {
      if (!(cause instanceof RepositoryNotFoundException)) throw cause
      const remedy = 'run `make deploy-baseline` in the wallet account first'
      throw new DeployerError('missing-file', `the repository ${name} is not in your ECR`, remedy, { cause })
    })
}

/** `make deploy-service-images`. Throws `DeployerError`. */
export async function deployServiceImages(context: Context): Promise<void> {
  const env = context.deployment()
  const store = await deliveryStore(context)
  // The host beside an enclave speaks with the core inside it: both come from the enclave's release.
  const bundle = await verifiedRelease(context, store, 'bundle')
  const enclave = await verifiedRelease(context, store, 'enclave')
  const source = deliveryRegistry(context)
  const target = await ownRegistry(context)
  const copies = serviceNames.map((image): Copy => {
    const { release, key } = image === 'policy-node' ? enclave : bundle
    const repository = repositoryName(env, image)
    return { image, digest: release.images[image], tag: release.release, key, repository }
  })
  await requireRepositories(
    context,
    copies.map(({ repository }) => repository),
  )
  if (context.flags.dryRun) {
    for (const { image, digest, tag, repository } of copies)
      context.out.say(`would copy ${image} ${tag} (${digest}) to ${target.name}/${repository}`)
    return
  }
  await context.out.steps(
    copies.map(copy => ({
      title: `${copy.image} ${copy.tag}`,
      run: tell => copyImage(source, target, copy, tell),
    })),
  )
  const of = <T>(pick: (copy: Copy) => T) => Object.fromEntries(copies.map(copy => [copy.image, pick(copy)]))
  const images = { tags: of(({ tag }) => tag), digests: of(({ digest }) => digest) }
  writeFileSync(context.file(FILE), `${JSON.stringify(images, undefined, 2)}\n`)
  context.out.result(images, `${copies.length} images are in ${target.name}; ${FILE} has their digests`)
}
