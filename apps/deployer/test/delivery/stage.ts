import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from '../../src/delivery/registry.ts'
import { folderStore } from '../../src/delivery/store.ts'
import { uploadSteps } from '../../src/delivery/upload.ts'
import { testContext } from './context.ts'
import { newKey } from './keys.ts'
import { publishInto } from './publisher.ts'
import { startRegistry } from './registry.ts'

export const temporary = (name: string) => mkdtempSync(join(tmpdir(), `trivault-${name}-`))
export const [BUNDLE, ENCLAVE, DEPLOYER] = ['customer/shared/v3.4.0', 'enclave/v8.26.5', 'deployer/v3.4.1']

type TestRun = ReturnType<typeof testContext>['context']

/** A release, published and uploaded once; `fresh` gives a test its own bucket, registry content and working directory. */
export async function stageRelease() {
  const key = newKey()
  const registry = await startRegistry()
  const made = join(temporary('publish'), 'release')
  const uploaded = temporary('bucket')
  const upload = async (folder: string, bucket: string): Promise<void> => {
    const steps = uploadSteps(folder, new Registry({ url: registry.url }), folderStore(bucket))
    for (const step of steps) await step.run(() => {})
  }
  publishInto(made, key)
  await upload(made, uploaded)
  const manifests = new Map(registry.manifests)

  function fresh() {
    registry.manifests.clear()
    for (const [name, bytes] of manifests) registry.manifests.set(name, bytes)
    const [bucket, cwd] = [temporary('bucket'), temporary('admin')]
    cpSync(uploaded, bucket, { recursive: true })
    const environment: Record<string, string> = {
      DELIVERY_BUCKET: bucket,
      DELIVERY_REGISTRY: registry.url,
      SIGNING_KEY_FINGERPRINT: key.fingerprint,
      CUSTOMER_SHARED_SEGMENT: 'v3.4.0',
      DEPLOYER_VERSION: 'v3.4.1',
      MPA_IMAGE_TAG: 'v8.26.5',
    }
    return {
      bucket,
      cwd,
      environment,
      upload: (folder: string) => upload(folder, bucket),
      run: <T>(action: (context: TestRun) => Promise<T>, more: Record<string, string> = {}) =>
        action(testContext(cwd, { ...environment, ...more }).context),
      /** Alters a file as somebody with power over the bucket could. */
      alter: (path: string, change: (bytes: Buffer) => Uint8Array | string) =>
        writeFileSync(join(bucket, path), change(readFileSync(join(bucket, path)))),
    }
  }
  return { key, registry, made, fresh }
}

export function flip(bytes: Buffer): Buffer {
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  return bytes
}
