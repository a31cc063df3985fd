import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { imageOf, layerOf } from '../../src/delivery/oci.ts'
import { filesBelow, type Parts, type Published, publish } from '../../src/delivery/publish.ts'
import type { ImageName } from '../../src/delivery/release.ts'
import type { SigningKey } from '../../src/delivery/signing.ts'
import { smallEif } from './small-eif.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

export const smallImage = (name: string) =>
  imageOf([layerOf([{ path: 'app/name', mode: 0o644, contents: utf8(name) }])], {
    architecture: 'amd64',
    user: '1000:1000',
    entrypoint: ['/app/name'],
  })

/** A delivery like a real one, but small: the project's own installer bundle, images and an enclave image of a few bytes. */
export function smallParts(changes: Partial<Parts> = {}): Parts {
  const installer = fileURLToPath(new URL('../../../../installer', import.meta.url))
  const release = changes.release ?? 'v3.4.0'
  const images: Record<ImageName, ReturnType<typeof imageOf>> = {
    wallet: smallImage(`wallet ${release}`),
    'policy-node': smallImage(`policy-node ${release}`),
    broker: smallImage(`broker ${release}`),
    'wallet-deployer': smallImage(`deployer ${changes.deployerVersion ?? 'v3.4.1'}`),
  }
  const page = (title: string) => ({
    'index.html': utf8(`<!doctype html><title>${title}</title><script src="/env-config.js"></script>`),
    'assets/app-1.js': utf8(`document.title = '${title}'`),
  })
  return {
    release,
    deployerVersion: 'v3.4.1',
    enclaveTag: 'v8.26.5',
    bundle: existsSync(join(installer, 'Makefile')) ? filesBelow(installer) : {},
    web: { frontend: page('console'), approver: page('approver') },
    images,
    ...smallEif('policy node'),
    registry: '999999999999.dkr.ecr.us-east-1.amazonaws.com',
    bucket: 'trivault-delivery-999999999999',
    ...changes,
  }
}

/** Publishes a small delivery into a folder, which `DELIVERY_BUCKET` may then name. */
export const publishInto = (folder: string, key: SigningKey, changes: Partial<Parts> = {}): Published =>
  publish(smallParts(changes), key, folder)
