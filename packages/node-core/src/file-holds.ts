import { readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreMissing, namesIn, syncDirectory, writeFresh } from './file-anchor.ts'
import type { HoldStore } from './ports.ts'

const fileOf = /^hold-([0-9a-f]{64})$/

/** Pending freezes and vetoes in the anchor's directory, which is the node admin's: one file each. */
export function openFileHolds(dir: string): HoldStore {
  return {
    async load() {
      const names = (await namesIn(dir)).filter(name => fileOf.test(name))
      return Promise.all(names.map(async name => new Uint8Array(await readFile(join(dir, name)))))
    },
    async save(id, hold) {
      const fresh = await writeFresh(dir, hold)
      try {
        await rename(fresh, join(dir, `hold-${id}`))
      } catch (error) {
        await unlink(fresh).catch(ignoreMissing)
        throw error
      }
      await syncDirectory(dir)
    },
    async remove(id) {
      await unlink(join(dir, `hold-${id}`)).catch(ignoreMissing)
      await syncDirectory(dir)
    },
  }
}
