import { existsSync } from 'node:fs'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ServiceFiles } from './secrets.ts'

/**
 * Lays out a service's private directory anew (0700, files 0600): `conf`, `secrets/…`, and for a node `state`, which leads
 * to the directory that outlives restarts. A node's first anchor row is written where there was never one; an anchor that
 * is there stays as it is.
 */
export async function layOut(options: {
  readonly runDir: string
  readonly stateDir: string
  readonly conf: Uint8Array
  readonly content: ServiceFiles
}): Promise<void> {
  const { runDir, stateDir, conf, content } = options
  await rm(join(runDir, 'secrets'), { recursive: true, force: true })
  await rm(join(runDir, 'state'), { recursive: true, force: true })
  await mkdir(join(runDir, 'secrets'), { recursive: true, mode: 0o700 })
  const files = new Map<string, string | Uint8Array>([['conf', conf], ...content.files])
  for (const [name, bytes] of files) {
    const path = join(runDir, name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await rm(path, { force: true })
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' })
  }
  if (content.anchor === undefined) return
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  await symlink(stateDir, join(runDir, 'state'))
  const anchor = join(stateDir, 'anchor')
  if (existsSync(anchor)) return
  const fresh = `${anchor}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { mode: 0o700 })
  for (const [name, row] of content.anchor) await writeFile(join(fresh, name), row, { mode: 0o600 })
  await rename(fresh, anchor)
}
