import { rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreMissing, namesIn, syncDirectory, writeFresh } from './file-anchor.ts'
import type { QuarantineStore } from './ports.ts'

const fileOf = /^quarantine-([0-2])\.json$/

/**
 * Quarantines in the anchor's directory, which is the node admin's: one file per peer. That it is there counts, whatever
 * stands in it; the content tells the admin why. Removing it while the node is stopped is the release.
 */
export function openFileQuarantine(dir: string): QuarantineStore {
  return {
    async load() {
      return (await namesIn(dir)).flatMap(name => fileOf.exec(name)?.[1] ?? []).map(Number)
    },
    async save({ peer, ...cause }) {
      const fresh = await writeFresh(dir, new TextEncoder().encode(`${JSON.stringify(cause)}\n`))
      try {
        await rename(fresh, join(dir, `quarantine-${peer}.json`))
      } catch (error) {
        await unlink(fresh).catch(ignoreMissing)
        throw error
      }
      await syncDirectory(dir)
    },
  }
}
