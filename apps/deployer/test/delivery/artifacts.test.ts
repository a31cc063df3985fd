import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fetchEnclaveArtifacts, readPulledPcrs } from '../../src/delivery/enclave.ts'
import { generateFeEnv, unzipFiles } from '../../src/delivery/frontend.ts'
import { pullCustomerAssets } from '../../src/delivery/pull-assets.ts'
import { testContext } from './context.ts'
import { publishInto, smallParts } from './publisher.ts'
import { smallEif } from './small-eif.ts'
import { BUNDLE, ENCLAVE, flip, stageRelease, temporary } from './stage.ts'

let staged: Awaited<ReturnType<typeof stageRelease>>
let stage: ReturnType<typeof staged.fresh>
beforeAll(async () => {
  staged = await stageRelease()
})
beforeEach(() => {
  stage = staged.fresh()
})
afterAll(() => staged.registry.stop())

describe('pull-customer-assets', () => {
  it('brings the bundle, and a second run changes nothing', async () => {
    await stage.run(pullCustomerAssets)
    expect(existsSync(join(stage.cwd, 'web/frontend.zip'))).toBe(true)
    expect(existsSync(join(stage.cwd, 'enclave.eif'))).toBe(false)
    const { context, said } = testContext(stage.cwd, stage.environment)
    await pullCustomerAssets(context)
    expect(said).toEqual([`release v3.4.0, signed by ${staged.key.fingerprint}`])
  })

  it.each<[string, () => unknown, string]>([
    ['one changed file', () => stage.alter(`${BUNDLE}/web/approver.zip`, flip), 'not the file that the release lists'],
    ['a file cut short', () => stage.alter(`${BUNDLE}/web/approver.zip`, bytes => bytes.subarray(1)), 'cut short'],
    ['a missing file', () => rmSync(join(stage.bucket, BUNDLE, 'web/approver.zip')), 'has no customer/shared'],
    ['a missing signature', () => rmSync(join(stage.bucket, BUNDLE, 'release.json.sig')), 'has no customer/shared'],
    [
      'an unsigned list',
      () => stage.alter(`${BUNDLE}/release.json`, bytes => bytes.toString().replace('v3.4.0', 'v3.4.0 ')),
      'not signed by the key',
    ],
    [
      'the bundle of another release',
      () => {
        const other = join(temporary('publish'), 'release')
        publishInto(other, staged.key, { release: 'v3.3.0' })
        rmSync(join(stage.bucket, BUNDLE), { recursive: true })
        cpSync(join(other, 'customer/shared/v3.3.0'), join(stage.bucket, BUNDLE), { recursive: true })
      },
      'holds bundle v3.3.0, not v3.4.0',
    ],
  ])('rejects %s, and writes no file at all', async (_what, spoil, message) => {
    spoil()
    await expect(stage.run(pullCustomerAssets)).rejects.toThrow(message)
    expect(existsSync(join(stage.cwd, 'web'))).toBe(false)
    expect(existsSync(join(stage.cwd, 'release.json'))).toBe(false)
  })
})

const pulled = (more: Record<string, string> = {}) => stage.run(async context => readPulledPcrs(context), more)

describe('fetch-enclave-artifacts', () => {
  it('recomputes the PCRs from the image', async () => {
    await stage.run(fetchEnclaveArtifacts)
    expect(await pulled()).toEqual(smallParts().pcrs)
  })

  it('rejects an image of another release under this tag, changed bytes, and a changed pcr.json', async () => {
    stage.alter(`${ENCLAVE}/enclave.eif`, flip)
    await expect(stage.run(fetchEnclaveArtifacts)).rejects.toThrow('not the file that the release lists')
    stage.alter(`${ENCLAVE}/enclave.eif`, flip)
    stage.alter(`${ENCLAVE}/pcr.json`, bytes => bytes.toString().replace(/[0-9a-f]{96}/, 'a'.repeat(96)))
    await expect(stage.run(fetchEnclaveArtifacts)).rejects.toThrow('not the file that the release lists')
    expect(existsSync(join(stage.cwd, 'pcr.json'))).toBe(false)
  })

  it.each<[string, Partial<Parameters<typeof publishInto>[2]>]>([
    ['in pcr.json', { pcrJson: smallEif('evil').pcrJson }],
    ['in the release', { pcrs: smallEif('evil').pcrs }],
    [
      'in both, so that a key policy would trust another image',
      { pcrs: smallEif('evil').pcrs, pcrJson: smallEif('evil').pcrJson },
    ],
  ])('rejects PCRs that are not the image’s %s, though all is signed', async (_where, changes) => {
    const other = join(temporary('publish'), 'release')
    publishInto(other, staged.key, changes)
    rmSync(join(stage.bucket, ENCLAVE), { recursive: true })
    cpSync(join(other, ENCLAVE), join(stage.bucket, ENCLAVE), { recursive: true })
    await expect(stage.run(fetchEnclaveArtifacts)).rejects.toThrow(/PCR.* of enclave.eif, measured here, differ/)
    expect(existsSync(join(stage.cwd, 'enclave.eif'))).toBe(false)
    await expect(pulled()).rejects.toThrow('is not there')
  })

  it('notices later that the image on disk was replaced', async () => {
    await stage.run(fetchEnclaveArtifacts)
    writeFileSync(join(stage.cwd, 'enclave.eif'), smallEif('evil').eif)
    await expect(pulled()).rejects.toThrow('differ from those of pcr.json')
    writeFileSync(join(stage.cwd, 'enclave.eif'), 'no image')
    await expect(pulled()).rejects.toThrow('no sound enclave image')
  })

  it.each<[string, () => unknown, Record<string, string>, RegExp]>([
    [
      'an image and a pcr.json that fit each other, and that nobody signed',
      () => {
        const evil = smallEif('evil')
        writeFileSync(join(stage.cwd, 'enclave.eif'), evil.eif)
        writeFileSync(join(stage.cwd, 'pcr.json'), evil.pcrJson)
      },
      {},
      /differ from those of the signed release/,
    ],
    [
      'the image of another tag',
      () => undefined,
      { MPA_IMAGE_TAG: 'v9.0.0' },
      /is of v8\.26\.5, MPA_IMAGE_TAG is v9\.0\.0/,
    ],
    [
      'another signing key',
      () => undefined,
      { SIGNING_KEY_FINGERPRINT: `sha256:${'0'.repeat(64)}` },
      /the signing key has the fingerprint/,
    ],
    [
      'a release that was changed on disk',
      () => {
        const path = join(stage.cwd, '.trivault/enclave/release.json')
        writeFileSync(path, readFileSync(path, 'utf8').replace('v8.26.5', 'v8.26.6'))
      },
      { MPA_IMAGE_TAG: 'v8.26.6' },
      /is not signed by the key/,
    ],
    [
      'files that were not fetched',
      () => rmSync(join(stage.cwd, '.trivault/enclave'), { recursive: true }),
      {},
      /is not there/,
    ],
  ])('lets %s into no key policy and onto no host', async (_what, spoil, more, message) => {
    await stage.run(fetchEnclaveArtifacts)
    spoil()
    await expect(pulled(more)).rejects.toThrow(message)
  })
})

describe('generate-fe-env', () => {
  const oidc = {
    issuer: 'https://login.example.com/',
    audience: 'urn:wallet',
    clientIdSpa: 'spa',
    clientIdNative: 'native',
  }
  const variables = {
    NAMESPACE: 'acme-custody',
    ENV_PREFIX: 'testnet',
    AWS_REGION: 'us-east-1',
    BACKEND_API_PATH: 'https://api.testnet.wallet.example.com',
  }
  const deployed = () => {
    const fixtures = fileURLToPath(new URL('../fixtures/recommended/customer-config.yml', import.meta.url))
    cpSync(fixtures, join(stage.cwd, 'customer-config.yml'))
    const bin = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
    execFileSync(process.execPath, [bin, 'generate-customer-assets'], {
      cwd: stage.cwd,
      env: { ...process.env, ...stage.environment, ...variables },
    })
  }

  it('packages the delivered apps for this environment; a changed one is refused', async () => {
    await stage.run(pullCustomerAssets)
    deployed()
    const generate = () => stage.run(context => generateFeEnv(context, oidc), variables)
    await generate()
    const zip = readFileSync(join(stage.cwd, 'frontend.zip'))
    expect(new TextDecoder().decode(unzipFiles(zip)['env-config.js'])).toBe(
      readFileSync(join(stage.cwd, 'env-config.js'), 'utf8'),
    )
    await generate()
    expect(readFileSync(join(stage.cwd, 'frontend.zip'))).toEqual(zip)
    mkdirSync(join(stage.cwd, 'web'), { recursive: true })
    writeFileSync(join(stage.cwd, 'web/approver.zip'), zip)
    await expect(generate()).rejects.toThrow('web/approver.zip is not the file of release v3.4.0')
  })

  it('takes the auth0 block of customer-secrets.yml, and names what is missing there', async () => {
    await stage.run(pullCustomerAssets)
    deployed()
    writeFileSync(
      join(stage.cwd, 'customer-secrets.yml'),
      'auth0:\n  ISSUER: https://login.example.com/\n  AUDIENCE: urn:wallet\n  CLIENT_ID_SPA: spa\n',
    )
    await expect(stage.run(context => generateFeEnv(context, {}), variables)).rejects.toThrow(
      'auth0.CLIENT_ID_NATIVE of the identity provider',
    )
    await stage.run(context => generateFeEnv(context, { clientIdNative: 'native' }), variables)
    expect(readFileSync(join(stage.cwd, 'env-config.js'), 'utf8')).toContain('"CLIENT_ID_NATIVE": "native"')
  })
})

describe('publish and upload', () => {
  it('gives the same bytes for the same input, signatures aside', () => {
    const again = join(temporary('publish'), 'release')
    const manifest = (folder: string) => readFileSync(join(folder, BUNDLE, 'release.json'))
    publishInto(again, staged.key)
    expect(manifest(again)).toEqual(manifest(staged.made))
  })

  it('makes a note with all that a customer sets, outside of what is uploaded', () => {
    const note = readFileSync(join(staged.made, 'delivery-note.txt'), 'utf8')
    for (const word of ['v3.4.0', 'v3.4.1', 'v8.26.5', staged.key.fingerprint, smallParts().pcrs.PCR0])
      expect(note).toContain(word)
    expect(existsSync(join(stage.bucket, 'delivery-note.txt'))).toBe(false)
  })

  it('can be repeated; a tag never moves to another image', async () => {
    await stage.upload(staged.made)
    const other = join(temporary('publish'), 'release')
    publishInto(other, staged.key, {
      images: { ...smallParts().images, wallet: smallParts({ release: 'v9' }).images.wallet },
    })
    await expect(stage.upload(other)).rejects.toThrow('is another image already')
  })

  it('makes a release once, and no release under a name that is a path', () => {
    expect(() => publishInto(staged.made, staged.key)).toThrow('is not empty')
    expect(() => publishInto(join(temporary('publish'), 'x'), staged.key, { release: '../v1' })).toThrow('is no tag')
  })
})
