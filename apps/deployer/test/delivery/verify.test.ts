import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { docker, pullDeployer, verifyDeployer } from '../../src/delivery/deployer-image.ts'
import { newKey } from './keys.ts'
import { publishInto } from './publisher.ts'
import { DEPLOYER, flip, stageRelease, temporary } from './stage.ts'

let staged: Awaited<ReturnType<typeof stageRelease>>
let stage: ReturnType<typeof staged.fresh>
beforeAll(async () => {
  staged = await stageRelease()
})
beforeEach(() => {
  stage = staged.fresh()
})
afterAll(() => staged.registry.stop())

describe('verify-deployer', () => {
  it('prints the one reference that may be run', async () => {
    expect(await stage.run(verifyDeployer)).toMatch(/^127\.0\.0\.1:\d+\/trivault\/wallet-deployer@sha256:[0-9a-f]{64}$/)
  })

  it.each<[string, () => unknown, Record<string, string>, string]>([
    ['a wrong key', () => {}, { SIGNING_KEY_FINGERPRINT: newKey().fingerprint }, 'may have been swapped'],
    ['an unset fingerprint', () => {}, { SIGNING_KEY_FINGERPRINT: '' }, 'SIGNING_KEY_FINGERPRINT is not set'],
    ['a missing version', () => {}, { DEPLOYER_VERSION: 'v9' }, 'has no deployer/v9/'],
    ['a version that is a path', () => {}, { DEPLOYER_VERSION: '../v3' }, 'is no tag'],
    [
      'a changed manifest of the release',
      () => stage.alter(`${DEPLOYER}/release.json`, flip),
      {},
      'not signed by the key',
    ],
    [
      'a version folder that holds another version',
      () => cpSync(join(stage.bucket, DEPLOYER), join(stage.bucket, 'deployer/v3.5.0'), { recursive: true }),
      { DEPLOYER_VERSION: 'v3.5.0' },
      'somebody moved it',
    ],
    [
      'an image that is gone',
      () => staged.registry.manifests.delete('trivault/wallet-deployer:v3.4.1'),
      {},
      'there is no image',
    ],
    [
      'a moved tag',
      () =>
        staged.registry.manifests.set(
          'trivault/wallet-deployer:v3.4.1',
          staged.registry.manifests.get('trivault/wallet:v3.4.0') ?? new Uint8Array(),
        ),
      {},
      'was moved',
    ],
    [
      'an image without signature',
      () => {
        for (const name of staged.registry.manifests.keys())
          if (name.endsWith('.sig')) staged.registry.manifests.delete(name)
      },
      {},
      'has no signature',
    ],
  ])('rejects %s', async (_what, spoil, more, message) => {
    spoil()
    await expect(stage.run(verifyDeployer, more)).rejects.toThrow(message)
  })

  it('rejects a bundle swapped whole, signed by the swapper', async () => {
    const theirs = join(temporary('theirs'), 'release')
    publishInto(theirs, newKey())
    rmSync(join(stage.bucket, 'deployer'), { recursive: true })
    cpSync(join(theirs, 'deployer'), join(stage.bucket, 'deployer'), { recursive: true })
    await expect(stage.run(verifyDeployer)).rejects.toThrow('may have been swapped')
    rmSync(join(stage.bucket, `${DEPLOYER}/signing-key.pem`))
    writeFileSync(join(stage.bucket, `${DEPLOYER}/signing-key.pem`), staged.key.publicKeyPem)
    await expect(stage.run(verifyDeployer)).rejects.toThrow('not signed by the key')
  })

  it('gives no ECR token to a registry that is not ECR', async () => {
    // Asking ECR for one would fail here: there are no credentials.
    await stage.run(verifyDeployer)
    expect(staged.registry.requests.length).toBeGreaterThan(2)
  })
})

describe('pull-deployer', () => {
  /** A docker that writes down how it was called, and knows one image. */
  const engine = (known: string) => {
    const bin = temporary('bin')
    writeFileSync(
      join(bin, 'docker'),
      `#!/bin/sh\necho "$*" >> "${bin}/calls"\n[ "$1" != image ] || [ "$3" = "${known}" ]\n`,
    )
    chmodSync(join(bin, 'docker'), 0o755)
    const calls = () =>
      existsSync(join(bin, 'calls')) ? readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n') : []
    return { engine: docker({ PATH: `${bin}:/usr/bin:/bin` }), calls }
  }

  it('pulls by digest, and does nothing when the image is there', async () => {
    const reference = await stage.run(verifyDeployer)
    const first = engine('')
    await stage.run(context => pullDeployer(context, first.engine))
    expect(first.calls()).toEqual([`image inspect ${reference}`, `pull --quiet ${reference}`])
    const second = engine(reference)
    expect(await stage.run(context => pullDeployer(context, second.engine))).toContain('is here already')
    expect(second.calls()).toEqual([`image inspect ${reference}`])
  })

  it('pulls nothing that is not verified, also when it is there', async () => {
    const { engine: here, calls } = engine(await stage.run(verifyDeployer))
    stage.alter(`${DEPLOYER}/release.json`, flip)
    await expect(stage.run(context => pullDeployer(context, here))).rejects.toThrow('not signed by the key')
    expect(calls()).toEqual([])
  })

  it('says that Docker is missing; with DEPLOYER=local none is needed', async () => {
    await expect(stage.run(context => pullDeployer(context, docker({ PATH: '/nowhere' })))).rejects.toMatchObject({
      code: 'missing-tool',
    })
    expect(
      await stage.run(context => pullDeployer(context, docker({ PATH: '/nowhere' })), { DEPLOYER: 'local' }),
    ).toContain('nothing is pulled')
  })
})

describe('verify-release.sh, which needs openssl alone', () => {
  const script = fileURLToPath(new URL('../../../../installer/scripts/verify-release.sh', import.meta.url))
  const sh = (more: Record<string, string> = {}) =>
    spawnSync('sh', [script], { env: { PATH: '/usr/bin:/bin', ...stage.environment, ...more }, encoding: 'utf8' })

  it('prints what verify-deployer prints', async () => {
    const { stdout, status, stderr } = sh()
    expect([stderr, status]).toEqual(['', 0])
    expect(stdout.trim()).toBe(await stage.run(verifyDeployer))
  })

  it.each<[string, () => unknown, Record<string, string>, number, string]>([
    ['a wrong key', () => {}, { SIGNING_KEY_FINGERPRINT: newKey().fingerprint }, 3, 'expected was'],
    ['an unset fingerprint', () => {}, { SIGNING_KEY_FINGERPRINT: '' }, 2, 'is not set'],
    ['a missing version', () => {}, { DEPLOYER_VERSION: 'v9' }, 1, 'cannot be fetched'],
    ['a version that is a path', () => {}, { DEPLOYER_VERSION: '../v3' }, 2, 'is no tag'],
    ['a changed release', () => stage.alter(`${DEPLOYER}/release.json`, flip), {}, 3, 'is not signed'],
    ['an empty signature', () => stage.alter(`${DEPLOYER}/release.json.sig`, () => ''), {}, 3, 'is not signed'],
    ['a key that is none', () => stage.alter(`${DEPLOYER}/signing-key.pem`, () => 'x'), {}, 3, 'expected was'],
    [
      'another version’s folder',
      () => cpSync(join(stage.bucket, DEPLOYER), join(stage.bucket, 'deployer/v3.5.0'), { recursive: true }),
      { DEPLOYER_VERSION: 'v3.5.0' },
      3,
      'somebody moved it',
    ],
  ])('rejects %s and prints no reference', (_what, spoil, more, code, message) => {
    spoil()
    const { stdout, stderr, status } = sh(more)
    expect([stdout, status]).toEqual(['', code])
    expect(stderr).toContain(message)
    expect(stderr).toContain('→')
  })
})
