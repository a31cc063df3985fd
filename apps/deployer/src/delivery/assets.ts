import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { untrusted } from './refusals.ts'
import { sha256 } from './signing.ts'

/** A file of the bundle, by its path in the working directory. */
export interface Asset {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Hash of what was last written, by path: tells an edited file from an old one. */
export type Written = Readonly<Record<string, string>>

export type AssetAction =
  | 'write'
  /** Is already so. */
  | 'same'
  /** Is as this program wrote it last, and there is a newer one. */
  | 'update'
  /** Was edited: stays, the new one comes beside it as `<path>.new`. */
  | 'keep'
  /** Is replaced after a copy, because it was asked for (`PULL_SYNC_MAKEFILE=1`). */
  | 'replace'

export const MAKEFILE = 'Makefile'

/**
 * What becomes of one file. A local Makefile is never touched unasked, edited or not.
 * @param local hash of the file that is there, undefined when there is none
 */
export function actionFor(
  path: string,
  hashes: { readonly local: string | undefined; readonly delivered: string; readonly written: string | undefined },
  syncMakefile: boolean,
): AssetAction {
  const { local, delivered, written } = hashes
  if (local === undefined) return 'write'
  if (local === delivered) return 'same'
  if (path === MAKEFILE) return syncMakefile ? 'replace' : 'keep'
  return local === written ? 'update' : 'keep'
}

export interface AssetReport {
  readonly path: string
  readonly action: AssetAction
  /** The copy made, or the new version beside an edited file. */
  readonly beside?: string
}

const STATE = '.trivault/assets.json'

/**
 * Brings a bundle into a directory. Every file is written whole or not at all; nothing that a person edited is lost.
 * @throws DeployerError `untrusted` when a path is a symbolic link, which would lead a write elsewhere
 */
export function applyAssets(
  cwd: string,
  assets: readonly Asset[],
  options: { readonly syncMakefile: boolean; readonly dryRun: boolean },
): AssetReport[] {
  const statePath = join(cwd, STATE)
  const written: Written = existsSync(statePath) ? JSON.parse(readFileSync(statePath, 'utf8')) : {}
  const next: Record<string, string> = { ...written }
  const reports = assets.map(({ path, bytes }): AssetReport => {
    refuseLinks(cwd, path)
    const target = join(cwd, path)
    const there = existsSync(target) ? readFileSync(target) : undefined
    const delivered = sha256(bytes)
    const local = there && sha256(there)
    const action = actionFor(path, { local, delivered, written: written[path] }, options.syncMakefile)
    if (action !== 'keep') next[path] = delivered
    const beside = action === 'keep' ? `${path}.new` : action === 'replace' ? freeBackup(cwd, path) : undefined
    if (!options.dryRun) {
      if (beside !== undefined) writeWhole(join(cwd, beside), action === 'keep' || !there ? bytes : there, path)
      if (action === 'write' || action === 'update' || action === 'replace') writeWhole(target, bytes, path)
    }
    return { path, action, ...(beside !== undefined && { beside }) }
  })
  if (!options.dryRun) writeWhole(statePath, new TextEncoder().encode(`${JSON.stringify(next, undefined, 2)}\n`), STATE)
  return reports
}

function refuseLinks(cwd: string, path: string): void {
  for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) {
    const part = path.slice(0, at)
    if (lstatSync(join(cwd, part), { throwIfNoEntry: false })?.isSymbolicLink())
      throw untrusted(
        `${part} is a symbolic link: the bundle is not written through it`,
        `remove ${part}, then run the same command again`,
      )
  }
}

function freeBackup(cwd: string, path: string): string {
  for (let n = 1; ; n++) if (!existsSync(join(cwd, `${path}.backup-${n}`))) return `${path}.backup-${n}`
}

function writeWhole(target: string, bytes: Uint8Array, path: string): void {
  mkdirSync(dirname(target), { recursive: true })
  const temporary = `${target}.tmp-${process.pid}`
  writeFileSync(temporary, bytes, { mode: path.endsWith('.sh') ? 0o755 : 0o644 })
  renameSync(temporary, target)
}
