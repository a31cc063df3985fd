import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ServiceFiles } from './secrets.ts'

/** Lays out a service's private directory anew (0700, files 0600): `conf` and `secrets/…`. Nothing in it outlives the run. */
export async function layOut(options: {
  readonly runDir: string
  readonly conf: Uint8Array
  readonly files: ServiceFiles
}): Promise<void> {
  const { runDir, conf, files } = options
  await rm(join(runDir, 'secrets'), { recursive: true, force: true })
  await mkdir(join(runDir, 'secrets'), { recursive: true, mode: 0o700 })
  for (const [name, bytes] of new Map<string, string | Uint8Array>([['conf', conf], ...files])) {
    const path = join(runDir, name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await rm(path, { force: true })
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' })
  }
}
