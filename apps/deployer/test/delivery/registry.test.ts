import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signatureAnnotation, signatureTag } from '../../src/delivery/cosign.ts'
import type { Image } from '../../src/delivery/oci.ts'
import { Registry } from '../../src/delivery/registry.ts'
import { type Copy, copyImage, uploadJournal } from '../../src/delivery/service-images.ts'
import { verifyImage } from '../../src/delivery/verified.ts'
import { deliver, image, key, repository, trusted, utf8 } from './delivered.ts'
import { newKey } from './keys.ts'
import { startRegistry, type TestRegistry } from './registry.ts'
import { temporary } from './stage.ts'

let source: TestRegistry
let target: TestRegistry
let from: Registry
beforeEach(async () => {
  source = await startRegistry()
  target = await startRegistry()
  from = new Registry({ url: source.url })
})
afterEach(() => Promise.all([source.stop(), target.stop()]))

describe('verification of an image', () => {
  const verify = (digest: Image['digest'], tag = 'v1') => verifyImage(from, 'wallet', { digest, tag }, trusted)

  it('accepts what the key signed for this repository and tag, wherever it is mirrored', async () => {
    const made = image('wallet')
    await deliver(from, made, 'v1')
    expect((await verify(made.digest)).digest).toBe(made.digest)
  })

  it('rejects a missing tag', async () => {
    await expect(verify(image('wallet').digest)).rejects.toThrow('there is no image')
  })

  it('rejects a tag that was moved to an unsigned image', async () => {
    const [made, other] = [image('wallet'), image('other')]
    await deliver(from, made, 'v1')
    for (const [digest, bytes] of other.blobs) await from.push(repository, digest, bytes)
    await from.putManifest(repository, 'v1', other)
    await expect(verify(made.digest)).rejects.toThrow('was moved')
  })

  it('rejects a tag that was moved to an older image of the same key, also where the release agrees', async () => {
    const old = image('old')
    await deliver(from, old, 'v1', { tag: 'v0' })
    await expect(verify(old.digest)).rejects.toThrow('the tag v1 was moved: the image there is signed as v0')
  })

  it.each<[string, (made: Image) => Promise<void>, string]>([
    [
      'no signature',
      async made => {
        await deliver(from, made, 'v1')
        source.manifests.delete(`${repository}:${signatureTag(made.digest)}`)
      },
      'has no signature',
    ],
    ['another key’s signature', made => deliver(from, made, 'v1', {}, newKey()), 'is not signed by the key'],
    [
      'a signature of another image',
      made => deliver(from, made, 'v1', { digest: image('other').digest }),
      'of another image',
    ],
    [
      'a signature of another repository',
      made => deliver(from, made, 'v1', { repository: 'trivault/broker' }),
      'another repository',
    ],
  ])('rejects %s', async (_what, prepare, message) => {
    const made = image('wallet')
    await prepare(made)
    await expect(verify(made.digest)).rejects.toThrow(message)
  })

  it('rejects a manifest that the registry changed under its digest', async () => {
    const made = image('wallet')
    await deliver(from, made, 'v1')
    source.manifests.set(`${repository}:${made.digest}`, image('other').manifest)
    await expect(from.manifest(repository, made.digest)).rejects.toThrow('gave sha256:')
  })

  it('stores signatures as cosign does', async () => {
    const made = image('wallet')
    await deliver(from, made, 'v1')
    const [found] = await from.signatures(repository, made.digest)
    const stored = source.manifests.get(`${repository}:sha256-${made.digest.slice(7)}.sig`)
    const manifest = JSON.parse(new TextDecoder().decode(stored))
    expect(manifest.layers[0].mediaType).toBe('application/vnd.dev.cosign.simplesigning.v1+json')
    expect(manifest.layers[0].annotations[signatureAnnotation]).toBe(found?.signature)
    const dir = temporary('images')
    writeFileSync(join(dir, 'payload'), found?.payload ?? '')
    writeFileSync(join(dir, 'sig'), Buffer.from(found?.signature ?? '', 'base64'))
    writeFileSync(join(dir, 'key.pem'), key.publicKeyPem)
    const args = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'sig', 'payload']
    expect(execFileSync('openssl', args, { cwd: dir }).toString()).toContain('OK')
  })
})

describe('a copy into the customer’s registry', () => {
  const journal = () => join(temporary('images'), 'uploads.json')
  const copy = (made: Image, tag = 'v1'): Copy => ({
    image: 'wallet',
    digest: made.digest,
    tag,
    key: trusted,
    repository: 'acme-test/wallet',
  })
  const registry = (path = journal()) => new Registry({ url: target.url, journal: uploadJournal(path), chunk: 1_000 })
  const run = (made: Image, to = registry(), tag = 'v1') => copyImage(from, to, copy(made, tag), () => {})

  it('arrives under the same digest, and a second run sends nothing', async () => {
    const made = image('wallet', 3_500)
    await deliver(from, made, 'v1')
    await run(made)
    expect(target.manifests.get('acme-test/wallet:v1')).toEqual(made.manifest)
    expect([...target.blobs.keys()].sort()).toEqual(
      [...made.blobs.keys()].map(digest => `acme-test/wallet@${digest}`).sort(),
    )
    target.requests.length = 0
    expect(await run(made)).toContain('is there already')
    expect(target.requests.filter(line => !line.startsWith('GET'))).toEqual([])
  })

  it('goes on inside a blob where an upload was cut off', async () => {
    const made = image('wallet', 3_500)
    await deliver(from, made, 'v1')
    const path = journal()
    target.breakPatch = 5
    await expect(run(made, registry(path))).rejects.toThrow('does not answer')
    expect(target.manifests.size).toBe(0)
    target.requests.length = 0
    await run(made, registry(path))
    expect(target.manifests.get('acme-test/wallet:v1')).toEqual(made.manifest)
    const patches = target.requests.filter(line => line.startsWith('PATCH')).length
    expect(patches).toBeLessThan(4)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({})
  })

  it('starts a blob anew when the registry forgot the upload', async () => {
    const made = image('wallet', 3_500)
    await deliver(from, made, 'v1')
    const path = journal()
    target.breakPatch = 4
    await expect(run(made, registry(path))).rejects.toThrow()
    const forgotten = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(
      path,
      JSON.stringify(
        Object.fromEntries(
          Object.keys(forgotten).map(k => [k, `${target.url}/v2/acme-test/wallet/blobs/uploads/gone`]),
        ),
      ),
    )
    await run(made, registry(path))
    expect(target.manifests.has('acme-test/wallet:v1')).toBe(true)
  })

  it('follows a download that breaks off', async () => {
    const made = image('wallet', 50_000)
    await deliver(from, made, 'v1')
    source.requests.length = 0
    source.breakDownloads.push(100_000, 10, 20_000) // the signature's payload comes first, whole
    await run(made)
    expect(target.manifests.has('acme-test/wallet:v1')).toBe(true)
  })

  it.each<[string, (made: Image) => void, string]>([
    [
      'a layer that the publisher’s registry changed',
      made =>
        void source.blobs.set(
          `${repository}@${[...made.blobs.keys()][1]}`,
          utf8('x'.repeat([...made.blobs.values()][1]?.length ?? 0)),
        ),
      'gave other bytes',
    ],
    [
      'a layer that is longer than promised',
      made => void source.blobs.set(`${repository}@${[...made.blobs.keys()][1]}`, new Uint8Array(100_000)),
      'longer than its manifest says',
    ],
    [
      'a layer that stays incomplete',
      made => void source.blobs.set(`${repository}@${[...made.blobs.keys()][1]}`, new Uint8Array(3)),
      'came incomplete',
    ],
    [
      'a missing layer',
      made => void source.blobs.delete(`${repository}@${[...made.blobs.keys()][1]}`),
      'is not in the registry',
    ],
    [
      'another image under that tag in the customer’s registry',
      () => void target.manifests.set('acme-test/wallet:v1', image('other').manifest),
      'is another image',
    ],
  ])('rejects %s, and sets no tag', async (_what, spoil, message) => {
    const made = image('wallet', 3_500)
    await deliver(from, made, 'v1')
    spoil(made)
    await expect(run(made)).rejects.toThrow(message)
    expect(target.manifests.get('acme-test/wallet:v1')).not.toEqual(made.manifest)
  })

  it('refuses an unverified image before anything is sent', async () => {
    const made = image('wallet')
    await deliver(from, made, 'v1', {}, newKey())
    await expect(run(made)).rejects.toThrow('is not signed by the key')
    expect(target.requests).toEqual([])
  })

  it('sends no credentials to another host', async () => {
    const path = journal()
    const made = image('wallet', 10)
    await deliver(from, made, 'v1')
    const [digest] = made.blobs.keys()
    writeFileSync(
      path,
      JSON.stringify({
        [`${new URL(target.url).host}/acme-test/wallet@${digest}`]: `${source.url}/v2/steal/blobs/uploads/1`,
      }),
    )
    source.requests.length = 0
    await run(made, registry(path))
    expect(source.requests.some(line => line.includes('steal'))).toBe(false)
    expect(existsSync(path)).toBe(true)
  })
})
