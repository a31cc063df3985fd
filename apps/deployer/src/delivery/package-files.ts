import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageFile } from './tar.ts'

interface LockEntry {
  readonly link?: boolean
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** What of package-lock.json is needed here. */
export type Lock = Readonly<Record<string, LockEntry>>

/**
 * Places (relative to the checkout) of the given workspaces and of all that they need in production, as Node resolves it;
 * links of workspaces included. Throws RangeError for a dependency that the lockfile does not have.
 */
export function productionClosure(lock: Lock, workspaces: readonly string[]): string[] {
  const found = new Set<string>()
  const visit = (place: string): void => {
    if (found.has(place)) return
    found.add(place)
    const entry = lock[place]
    if (entry === undefined) throw new RangeError(`package-lock.json has no ${place}`)
    if (entry.link) {
      visit(entry.resolved ?? '')
      return
    }
    for (const [name, optional] of [...named(entry.dependencies, false), ...named(entry.optionalDependencies, true)]) {
      const at = resolve(lock, place, name)
      if (at !== undefined) visit(at)
      else if (!optional) throw new RangeError(`package-lock.json has no ${name} for ${place}`)
    }
  }
  for (const workspace of workspaces) visit(workspace)
  return [...found].sort()
}

const named = (names: LockEntry['dependencies'], optional: boolean) =>
  Object.keys(names ?? {}).map(name => [name, optional] as const)

function resolve(lock: Lock, from: string, name: string): string | undefined {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/')))) {
    const candidate = place === '' ? `node_modules/${name}` : `${place}/node_modules/${name}`
    if (lock[candidate] !== undefined) return candidate
    if (place === '') return undefined
  }
}

const notNeeded = /\.(d\.[cm]?ts|map|md|markdown|flow)$/
const ownTests = /(^|\/)(test|bench|fixtures)$|\.test\.tsx?$/

/** The files of those places under `target`, with links where the checkout has them. */
export function packageFiles(root: string, workspaces: readonly string[], target: string): ImageFile[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Lock }
  return productionClosure(packages, workspaces).flatMap((place): ImageFile[] => {
    const { link, resolved } = packages[place] ?? {}
    const path = `${target}/${place}`
    if (link) return [{ path, linkTo: `${'../'.repeat(place.split('/').length - 1)}${resolved}` }]
    // Optional packages of other platforms are in the lockfile, not on disk.
    if (!existsSync(join(root, place))) return []
    const own = !place.startsWith('node_modules/')
    return folderFiles(join(root, place), path, name => notNeeded.test(name) || (own && ownTests.test(name)))
  })
}

/** Every file below a folder, nested packages aside. */
export function folderFiles(
  folder: string,
  target: string,
  skip: (path: string) => boolean = () => false,
): ImageFile[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): ImageFile[] => {
    const [path, to] = [join(folder, entry.name), `${target}/${entry.name}`]
    if (entry.name === 'node_modules' || skip(to)) return []
    if (entry.isDirectory()) return folderFiles(path, to, skip)
    if (!entry.isFile()) return []
    const mode = statSync(path).mode & 0o100 ? 0o755 : 0o644
    return [{ path: to, mode, contents: readFileSync(path) }]
  })
}
