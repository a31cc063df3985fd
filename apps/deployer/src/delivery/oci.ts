import { gzipSync } from 'node:zlib'
import type { Digest } from './release.ts'
import { sha256 } from './signing.ts'
import { type ImageFile, tarOf } from './tar.ts'

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Manifest {
  readonly schemaVersion: 2
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** A manifest with all it names. */
export interface Image {
  readonly digest: Digest
  readonly manifest: Uint8Array
  readonly blobs: ReadonlyMap<Digest, Uint8Array>
}

export interface Layer {
  readonly blob: Uint8Array
  readonly diffId: Digest
}

export interface ImageSettings {
  readonly architecture: 'amd64' | 'arm64'
  /** What always runs; arguments are added to it. */
  readonly entrypoint?: readonly string[]
  /** What runs unless something else is asked for. */
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly workingDirectory?: string
  /** `uid:gid`; never root in ours. */
  readonly user: string
  readonly labels?: Readonly<Record<string, string>>
  /** Writable places; a volume mounted there takes owner and mode of the image's directory. */
  readonly volumes?: readonly string[]
}

export const digestOf = (bytes: Uint8Array): Digest => `sha256:${sha256(bytes)}`

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

const sorted = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** Same files, same bytes, under the same Node (its zlib). */
export function layerOf(files: readonly ImageFile[]): Layer {
  const tar = tarOf(files)
  const blob = gzipSync(tar, { level: 6 })
  blob[9] = 0xff // The header names the system that compressed; it shall not matter.
  return { blob, diffId: digestOf(tar) }
}

export function imageOf(layers: readonly Layer[], settings: ImageSettings): Image {
  const {
    architecture,
    entrypoint,
    command,
    environment = {},
    workingDirectory = '/',
    user,
    labels = {},
    volumes = [],
  } = settings
  const config = json({
    architecture,
    os: 'linux',
    config: {
      User: user,
      Env: sorted(environment).map(([key, value]) => `${key}=${value}`),
      ...(entrypoint && { Entrypoint: entrypoint }),
      ...(command && { Cmd: command }),
      WorkingDir: workingDirectory,
      ...(volumes.length > 0 && { Volumes: Object.fromEntries([...volumes].sort().map(path => [path, {}])) }),
      Labels: Object.fromEntries(sorted(labels)),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  })
  return assemble(
    config,
    layers.map(({ blob }) => ({ mediaType: mediaTypes.layer, blob })),
  )
}

/** Any manifest of one config and some layers: images, and signatures of images. */
export function assemble(
  config: Uint8Array,
  layers: readonly { mediaType: string; blob: Uint8Array; annotations?: Readonly<Record<string, string>> }[],
): Image {
  const describe = (mediaType: string, blob: Uint8Array): Descriptor => ({
    mediaType,
    digest: digestOf(blob),
    size: blob.length,
  })
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: describe(mediaTypes.config, config),
    layers: layers.map(({ mediaType, blob, annotations }) => ({
      ...describe(mediaType, blob),
      ...(annotations && { annotations }),
    })),
  } satisfies Manifest)
  const blobs = [config, ...layers.map(({ blob }) => blob)]
  return { digest: digestOf(manifest), manifest, blobs: new Map(blobs.map(blob => [digestOf(blob), blob])) }
}
