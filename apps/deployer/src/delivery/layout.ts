import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Descriptor, digestOf, type Image, mediaTypes } from './oci.ts'
import { untrusted } from './refusals.ts'
import { parseManifest } from './registry.ts'
import { type Digest, isDigest } from './release.ts'

// OCI image layout (image-spec, image-layout.md): what skopeo and docker load read too.

const TAG = 'org.opencontainers.image.ref.name'
const blobPath = (folder: string, digest: Digest) => join(folder, 'blobs/sha256', digest.slice('sha256:'.length))

/** Images by tag. */
export function writeLayout(folder: string, images: Readonly<Record<string, Image>>): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true })
  const manifests = Object.entries(images).map(([tag, { digest, manifest, blobs }]): Descriptor => {
    for (const [name, bytes] of blobs) writeFileSync(blobPath(folder, name), bytes)
    writeFileSync(blobPath(folder, digest), manifest)
    return { mediaType: mediaTypes.manifest, digest, size: manifest.length, annotations: { [TAG]: tag } }
  })
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }),
  )
}

/** Images by tag, every blob checked against its digest. Throws `DeployerError` untrusted. */
export function readLayout(folder: string): Record<string, Image> {
  const blob = (digest: Digest): Uint8Array => {
    const bytes = readFileSync(blobPath(folder, digest))
    if (digestOf(bytes) !== digest) throw untrusted(`${blobPath(folder, digest)} was altered`)
    return bytes
  }
  const { manifests } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { manifests: Descriptor[] }
  return Object.fromEntries(
    manifests.map(({ digest, annotations }) => {
      if (!isDigest(digest)) throw untrusted(`${folder}/index.json names no digests`)
      const manifest = blob(digest)
      const { config, layers } = parseManifest(manifest, digest)
      const blobs = new Map([config, ...layers].map(part => [part.digest, blob(part.digest)]))
      return [annotations?.[TAG] ?? '', { digest, manifest, blobs }]
    }),
  )
}
