import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { signatureTag, signImage } from './cosign.ts'
import { deliveryNote } from './delivery-note.ts'
import { EIF_FILE, PCR_FILE } from './enclave.ts'
import { apps, zipFiles } from './frontend.ts'
import { writeLayout } from './layout.ts'
import type { Image } from './oci.ts'
import { failed } from './refusals.ts'
import {
  type FileEntry,
  type ImageName,
  places,
  RELEASE_FILE,
  type Release,
  renderRelease,
  repositoryOf,
  SIGNATURE_FILE,
  serviceNames,
  signRelease,
  tag,
} from './release.ts'
import { KEY_FILE, type SigningKey, sha256 } from './signing.ts'

/** What one release is made of. */
export interface Parts {
  readonly release: string
  readonly deployerVersion: string
  readonly enclaveTag: string
  /** Files of the bundle, by path: the `installer` folder. */
  readonly bundle: Readonly<Record<string, Uint8Array>>
  /** Built web apps, by path: without env-config.js. */
  readonly web: Readonly<Record<keyof typeof apps, Readonly<Record<string, Uint8Array>>>>
  readonly images: Readonly<Record<ImageName, Image>>
  readonly eif: Uint8Array
  readonly pcrs: Release['enclave']['pcrs']
  readonly pcrJson: string
  /** Host of the registry that customers will pull from; signed along with each image. */
  readonly registry: string
  readonly bucket: string
}

export interface Published {
  readonly release: Release
  /** For the customer, by another way than the bundle. */
  readonly note: string
}

const imageNames: readonly ImageName[] = [...serviceNames, 'wallet-deployer']

/** Every file below a folder, by path. */
export function filesBelow(folder: string): Record<string, Uint8Array> {
  const below = readdirSync(folder, { withFileTypes: true, recursive: true }).filter(entry => entry.isFile())
  const paths = below.map(entry => join(entry.parentPath, entry.name))
  return Object.fromEntries(paths.map(path => [relative(folder, path), new Uint8Array(readFileSync(path))]))
}

/**
 * Makes one release in a folder: the same keys as in the bucket, images beside them as OCI layouts. Signed here, so that the
 * signing key may stay on a machine without a network; `upload` needs no key.
 * @throws DeployerError `failed` when the folder is not empty, `untrusted` for a name that no customer would accept
 */
export function publish(parts: Parts, key: SigningKey, folder: string): Published {
  refuseUsed(folder)
  const [releaseTag, version, enclaveTag] = [parts.release, parts.deployerVersion, parts.enclaveTag]
  for (const name of [releaseTag, version, enclaveTag]) tag(name, name)
  const bundle = places.bundle(releaseTag)
  const enclave = places.enclave(enclaveTag)
  const utf8 = (text: string) => new TextEncoder().encode(text)
  const files: Record<string, Uint8Array> = {
    ...Object.fromEntries(Object.entries(parts.bundle).map(([path, bytes]) => [`${bundle}${path}`, bytes])),
    ...Object.fromEntries(
      (['frontend', 'approver'] as const).map(app => [`${bundle}web/${apps[app]}`, zipFiles(parts.web[app])]),
    ),
    [`${enclave}${EIF_FILE}`]: parts.eif,
    [`${enclave}${PCR_FILE}`]: utf8(parts.pcrJson),
  }
  const { images } = parts
  const release: Release = {
    release: releaseTag,
    deployer: { version, image: images['wallet-deployer'].digest },
    enclave: { tag: enclaveTag, pcrs: parts.pcrs },
    images: { wallet: images.wallet.digest, 'policy-node': images['policy-node'].digest, broker: images.broker.digest },
    files: Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, entryOf(bytes)])),
  }
  const bytes = renderRelease(release)
  const signature = utf8(signRelease(bytes, key))
  const signed = { [RELEASE_FILE]: bytes, [SIGNATURE_FILE]: signature, [KEY_FILE]: utf8(key.publicKeyPem) }
  for (const [path, contents] of Object.entries(files)) write(folder, path, contents)
  for (const place of [bundle, enclave, places.deployer(version)])
    for (const [name, contents] of Object.entries(signed)) write(folder, `${place}${name}`, contents)
  for (const name of imageNames) {
    const image = images[name]
    const imageTag = name === 'wallet-deployer' ? version : releaseTag
    const claim = { registry: parts.registry, repository: repositoryOf(name), digest: image.digest, tag: imageTag }
    writeLayout(join(folder, 'images', name), {
      [imageTag]: image,
      [signatureTag(image.digest)]: signImage(claim, key),
    })
  }
  const note = deliveryNote(release, key.fingerprint, parts)
  write(folder, 'delivery-note.txt', utf8(note))
  return { release, note }
}

/** @throws DeployerError `failed` */
export function refuseUsed(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw failed(`${folder} is not empty`, 'name a new folder: a release is made once')
}

const entryOf = (bytes: Uint8Array): FileEntry => ({ sha256: sha256(bytes), size: bytes.length })

function write(folder: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), bytes)
}
