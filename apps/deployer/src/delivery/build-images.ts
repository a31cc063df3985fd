import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeFiles } from '@trivault/enclave-image'
import { type Image, type ImageSettings, imageOf, type Layer, layerOf } from './oci.ts'
import { folderFiles, packageFiles } from './package-files.ts'
import type { ImageName } from './release.ts'
import type { ImageFile } from './tar.ts'

export interface ImageInputs {
  /** The checkout, with its packages installed. */
  readonly root: string
  /** Linux programs to pack. */
  readonly node: string
  readonly natsServer: string
  /** Certificates of RDS's authorities, if the wallet shall check the database's. */
  readonly rdsCa?: string
  readonly architecture: 'amd64' | 'arm64'
  readonly labels: Readonly<Record<string, string>>
}

const NODE = '/usr/local/bin/node'
/** Task definitions and hosts name it too. */
const command = ['node', '/app/apps/entrypoint/src/main.ts']

const text = (path: string, contents: string): ImageFile => ({
  path,
  mode: 0o644,
  contents: new TextEncoder().encode(contents),
})

/** Services run as this user; root has no use in them. */
const USER = '1000:1000'
const volumes = ['/run/trivault', '/tmp'] as const

function baseFiles({ node, rdsCa }: ImageInputs): ImageFile[] {
  return [
    ...runtimeFiles([{ binary: node, path: NODE.slice(1) }]),
    text('etc/passwd', 'root:x:0:0:root:/:/sbin/nologin\ntrivault:x:1000:1000::/tmp:/sbin/nologin\n'),
    text('etc/group', 'root:x:0:\ntrivault:x:1000:\n'),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    ...volumes.map((path): ImageFile => ({ path: path.slice(1), directory: 0o1777 })),
    ...(rdsCa === undefined ? [] : [text('etc/trivault/rds-ca.pem', readFileSync(rdsCa, 'utf8'))]),
  ]
}

/** Workspaces of each image; the entrypoint starts the service of the task. */
const workspaces: Readonly<Record<ImageName, readonly string[]>> = {
  wallet: ['apps/entrypoint', 'apps/wallet'],
  'policy-node': ['apps/entrypoint', 'apps/policy-node'],
  broker: ['apps/entrypoint'],
  'wallet-deployer': ['apps/deployer'],
}

/**
 * Every image of a release, from files alone: same checkout, same programs, same bytes. The base (Node and its libraries) is one
 * layer that all share, so that a registry stores and a host pulls it once.
 */
export function buildImages(inputs: ImageInputs): Record<ImageName, Image> {
  const { root, natsServer, architecture, labels } = inputs
  const base = layerOf(baseFiles(inputs))
  const make = (name: ImageName, more: readonly Layer[], settings: Partial<ImageSettings>): Image =>
    imageOf([base, ...more, layerOf(packageFiles(root, workspaces[name], 'app'))], {
      architecture,
      user: USER,
      environment: { NODE_ENV: 'production', PATH: '/usr/local/bin:/usr/bin' },
      volumes,
      labels: { ...labels, 'org.opencontainers.image.title': `trivault ${name}` },
      ...settings,
    })
  const broker = layerOf(runtimeFiles([{ binary: natsServer, path: 'usr/local/bin/nats-server' }]))
  const installer = layerOf(folderFiles(join(root, 'installer'), 'app/installer'))
  return {
    wallet: make('wallet', [], { command }),
    'policy-node': make('policy-node', [], { command }),
    broker: make('broker', [broker], { command }),
    'wallet-deployer': make('wallet-deployer', [installer], {
      entrypoint: [NODE, '/app/apps/deployer/src/main.ts'],
      workingDirectory: '/work',
    }),
  }
}
