import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporary } from './stage.ts'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const MADE = ['node_modules', 'dist']

/** A copy of this checkout's sources as they are now, with the installed packages: work on them meanwhile changes nothing. */
export function copyCheckout(): string {
  const root = temporary('checkout')
  for (const file of ['package.json', 'package-lock.json', 'installer'])
    cpSync(join(ROOT, file), join(root, file), { recursive: true })
  copyPackages(ROOT, root)
  for (const kind of ['apps', 'packages'])
    for (const name of readdirSync(join(ROOT, kind))) {
      const [from, to] = [join(ROOT, kind, name), join(root, kind, name)]
      mkdirSync(to, { recursive: true })
      cpSync(from, to, { recursive: true, filter: path => !MADE.includes(basename(path)) })
      copyPackages(from, to)
    }
  return root
}

/** As hard links where the file system can, a gigabyte less; links among the workspaces stay relative, so they lead into the copy. */
function copyPackages(from: string, to: string): void {
  const [source, target] = [join(from, 'node_modules'), join(to, 'node_modules')]
  if (!existsSync(source)) return
  if (spawnSync('cp', ['-a', '--link', source, target]).status === 0) return
  cpSync(source, target, { recursive: true, verbatimSymlinks: true, force: true })
}
