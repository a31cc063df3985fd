import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../output.ts'
import { readLayout } from './layout.ts'
import { filesBelow } from './publish.ts'
import { failed, untrusted } from './refusals.ts'
import type { Registry } from './registry.ts'
import { type ImageName, RELEASE_FILE, repositoryOf, SIGNATURE_FILE } from './release.ts'
import { KEY_FILE } from './signing.ts'
import type { DeliveryStore } from './store.ts'

const closing = new Set([RELEASE_FILE, SIGNATURE_FILE, KEY_FILE])

/** Puts a published folder where customers find it: images first, the signed manifests last. Repeatable after an interruption. */
export function uploadSteps(folder: string, registry: Registry, store: DeliveryStore): Step[] {
  const images = join(folder, 'images')
  if (!existsSync(images)) throw failed(`${folder} holds no release`, 'name the folder that `publish` made')
  const imageSteps = readdirSync(images).map(
    (name): Step => ({
      title: `image ${name}`,
      run: async () => {
        const repository = repositoryOf(name as ImageName)
        let sent = 0
        for (const [tag, image] of Object.entries(readLayout(join(images, name)))) {
          const there = await registry.manifest(repository, tag)
          if (there?.digest === image.digest) continue
          // Signatures are randomised: one that is there already is as good.
          if (there !== undefined && tag.endsWith('.sig')) continue
          if (there !== undefined)
            throw untrusted(
              `${repository}:${tag} is another image already`,
              'publish under a new tag: a tag never moves',
            )
          for (const [digest, bytes] of image.blobs) if (await registry.push(repository, digest, bytes)) sent++
          await registry.putManifest(repository, tag, image)
        }
        return `${sent} parts sent`
      },
    }),
  )
  const keys = ['customer', 'enclave', 'deployer'].flatMap(top =>
    Object.keys(filesBelow(join(folder, top))).map(path => `${top}/${path}`),
  )
  const isClosing = (key: string) => closing.has(key.slice(key.lastIndexOf('/') + 1))
  const ordered = [...keys.filter(key => !isClosing(key)), ...keys.filter(isClosing)]
  const fileStep: Step = {
    title: `files to ${store.name}`,
    run: async tell => {
      for (const key of ordered) {
        tell(key)
        await store.write(key, readFileSync(join(folder, key)))
      }
      return `${ordered.length} files`
    },
  }
  return [...imageSteps, fileStep]
}
