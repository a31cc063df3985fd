import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildImages } from '../../src/delivery/build-images.ts'
import type { ImageName } from '../../src/delivery/release.ts'
import { copyCheckout } from './checkout.ts'
import { temporary } from './stage.ts'

const inputs = {
  root: copyCheckout(),
  node: process.execPath,
  natsServer: '/usr/sbin/nats-server',
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  labels: { 'org.opencontainers.image.version': 'test' },
} as const

const unpacked = temporary('rootfs')
let images: ReturnType<typeof buildImages>

/** The real images, unpacked as a container engine would. */
beforeAll(() => {
  images = buildImages(inputs)
  for (const [name, { blobs }] of Object.entries(images)) {
    mkdirSync(join(unpacked, name))
    for (const layer of [...blobs.values()].slice(1))
      execFileSync('tar', ['-xf', '-', '-C', join(unpacked, name)], { input: gunzipSync(layer) })
  }
})
afterAll(() => {
  for (const directory of [unpacked, inputs.root]) rmSync(directory, { recursive: true })
})

/** Runs a program with the image as its whole file system: what is missing there is missing here. */
function inside(image: ImageName, ...command: string[]) {
  const env = { PATH: '/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin' }
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['--user', '--map-root-user', 'chroot', join(unpacked, image), ...command],
    {
      env,
      encoding: 'utf8',
    },
  )
  return stdout + stderr
}

describe('the images of a release', () => {
  it('have the same bytes when they are made again', () => {
    const digests = (made: typeof images) => Object.entries(made).map(([name, { digest }]) => [name, digest])
    expect(digests(buildImages(inputs))).toEqual(digests(images))
  })

  it.each<[ImageName, string, string]>([
    ['wallet', '/app/apps/entrypoint/src/main.ts', 'is not set'],
    ['wallet', '/app/apps/wallet/src/main.ts', 'give --config FILE'],
    ['policy-node', '/app/apps/entrypoint/src/main.ts', 'is not set'],
    ['policy-node', '/app/apps/policy-node/src/host.ts', 'usage: host.ts --config'],
    ['broker', '/app/apps/entrypoint/src/main.ts', 'is not set'],
    ['wallet-deployer', '/app/apps/deployer/src/main.ts', 'Usage: trivault-deployer'],
  ])('of %s: %s finds all that it imports', (image, main, said) => {
    expect(inside(image, 'node', main)).toContain(said)
  })

  it('of the broker brings nats-server with its libraries', () => {
    expect(inside('broker', 'nats-server', '--version')).toMatch(/^nats-server: v2/)
  })

  it('hold no tests, no installed development tools and no home of this machine', () => {
    for (const name of Object.keys(images)) {
      const found = execFileSync('find', [
        join(unpacked, name, 'app'),
        '-name',
        '*.test.ts',
        '-path',
        '*/src/*',
        '-not',
        '-path',
        '*/node_modules/*',
      ])
      expect(found.toString()).toBe('')
      expect(spawnSync('ls', [join(unpacked, name, 'app/node_modules/vitest')]).status).not.toBe(0)
    }
  })
})
