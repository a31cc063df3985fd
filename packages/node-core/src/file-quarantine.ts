import { readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { equalBytes } from '@trivault/codec'
import { ignoreMissing, namesIn, syncDirectory, writeFresh } from './file-anchor.ts'
import type { QuarantineStore } from './ports.ts'

const fileOf = /^quarantine-([0-2])\.json$/

/**
 * Quarantines in the anchor's directory, which is the node admin's: one file per peer, which tells the admin why. The directory is
 * no root against who may write in it: a file that is removed by hand is a release too.
 */
export function openFileQuarantine(dir: string): QuarantineStore {
  const pathOf = (peer: number) => join(dir, `quarantine-${peer}.json`)
  const read = async (peer: number) => new Uint8Array(await readFile(pathOf(peer)))
  return {
    async load() {
      const peers = (await namesIn(dir)).flatMap(name => fileOf.exec(name)?.[1] ?? []).map(Number)
      return Promise.all(peers.map(async peer => ({ peer, record: await read(peer) })))
    },
    async save(peer, record) {
      const fresh = await writeFresh(dir, record)
      try {
        await rename(fresh, pathOf(peer))
      } catch (error) {
        await unlink(fresh).catch(ignoreMissing)
        throw error
      }
      await syncDirectory(dir)
    },
    async remove(peer, record) {
      if (!equalBytes(await read(peer), record)) throw new Error('the quarantine is another one')
      await unlink(pathOf(peer))
      await syncDirectory(dir)
    },
  }
}
