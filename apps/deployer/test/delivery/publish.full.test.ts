import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkMeasurements } from '../../src/delivery/enclave.ts'
import type { Release } from '../../src/delivery/release.ts'
import { copyCheckout } from './checkout.ts'
import { temporary } from './stage.ts'

const root = copyCheckout()
const cwd = temporary('publisher')
afterAll(() => {
  for (const directory of [cwd, root]) rmSync(directory, { recursive: true })
})

/** The publisher's own command, from this checkout; kernel and ramdisk stand in for those of the Nitro bootstrap. */
const publish = (out: string) =>
  spawnSync(
    process.execPath,
    [
      ...[join(root, 'apps/deployer/src/main.ts'), 'publish', '--release', 'v0.1.0', '--deployer-version', 'v0.1.0'],
      ...['--enclave-tag', 'v0.1.0', '--key', 'key.pem', '--passphrase-file', 'passphrase.txt', '--out', out],
      ...['--kernel', 'bzImage', '--boot-ramdisk', 'init.cpio'],
    ],
    { cwd, encoding: 'utf8' },
  )

describe('publish', () => {
  it('makes a release of the real programs that its own checks accept', () => {
    for (const app of ['console', 'approver']) {
      const folder = join(root, 'apps', app, 'dist')
      mkdirSync(folder)
      writeFileSync(join(folder, 'index.html'), '<!doctype html>')
    }
    writeFileSync(join(cwd, 'passphrase.txt'), 'open sesame\n')
    const options = [
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-aes-256-cbc',
      '-pass',
      'file:passphrase.txt',
    ]
    execFileSync('openssl', ['genpkey', ...options, '-out', 'key.pem'], { cwd })
    for (const file of ['bzImage', 'init.cpio']) writeFileSync(join(cwd, file), file.repeat(1_000))
    expect(publish('release')).toMatchObject({ status: 0 })
    const release = join(cwd, 'release')
    const { enclave }: Release = JSON.parse(readFileSync(join(release, 'deployer/v0.1.0/release.json'), 'utf8'))
    checkMeasurements(readFileSync(join(release, 'enclave/v0.1.0/enclave.eif')), [
      { by: 'the release', pcrs: enclave.pcrs },
    ])
    const note = readFileSync(join(release, 'delivery-note.txt'), 'utf8')
    const [, SIGNING_KEY_FINGERPRINT = ''] = /SIGNING_KEY_FINGERPRINT=(.*)/.exec(note) ?? []
    const script = join(release, 'customer/shared/v0.1.0/scripts/verify-release.sh')
    const env = {
      PATH: '/usr/bin:/bin',
      DELIVERY_REGISTRY: 'r.example',
      DELIVERY_BUCKET: release,
      DEPLOYER_VERSION: 'v0.1.0',
      SIGNING_KEY_FINGERPRINT,
    }
    expect(execFileSync('sh', [script], { env }).toString()).toMatch(/^r\.example\/trivault\/wallet-deployer@sha256:/)
  })

  it('refuses a wrong passphrase and a folder that is not empty', () => {
    expect(publish('release')).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') })
    writeFileSync(join(cwd, 'passphrase.txt'), 'wrong\n')
    expect(publish('other')).toMatchObject({ status: 1, stderr: expect.stringContaining('cannot be opened') })
    expect(existsSync(join(cwd, 'other'))).toBe(false)
  })
})
