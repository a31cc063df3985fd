import { signatureTag, signImage } from '../../src/delivery/cosign.ts'
import { digestOf, type Image, imageOf, layerOf } from '../../src/delivery/oci.ts'
import type { Registry } from '../../src/delivery/registry.ts'
import { trustedKey } from '../../src/delivery/signing.ts'
import { newKey } from './keys.ts'

export const utf8 = (text: string) => new TextEncoder().encode(text)
export const key = newKey()
export const trusted = trustedKey(key.publicKeyPem, key.fingerprint)
export const repository = 'trivault/wallet'

/** An image of one small layer and one of the given size. */
export const image = (text: string, size = 0): Image =>
  imageOf(
    [
      layerOf([{ path: 'app/main.js', mode: 0o644, contents: utf8(text) }]),
      { blob: Buffer.alloc(size, text), diffId: digestOf(utf8(text)) },
    ],
    { architecture: 'amd64', user: '1000:1000', entrypoint: ['/app/main.js'] },
  )

/** Puts an image with its signature into the publisher's registry. */
export async function deliver(
  registry: Registry,
  delivered: Image,
  tag: string,
  signed: Partial<Parameters<typeof signImage>[0]> = {},
  by = key,
): Promise<void> {
  for (const [digest, bytes] of delivered.blobs) await registry.push(repository, digest, bytes)
  await registry.putManifest(repository, tag, delivered)
  const claim = { registry: 'registry.example.com', repository, digest: delivered.digest, tag, ...signed }
  const signature = signImage(claim, by)
  for (const [digest, bytes] of signature.blobs) await registry.push(repository, digest, bytes)
  await registry.putManifest(repository, signatureTag(delivered.digest), signature)
}
