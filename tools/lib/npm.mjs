import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LaunchError } from './say.mjs'

/** Path of npm-cli.js: of the npm that runs us, else of the one in PATH. */
export function npmCli() {
  const running = process.env.npm_execpath
  if (running && /npm-cli\.js$/.test(running) && existsSync(running)) return running
  for (const dir of [dirname(process.execPath), ...(process.env.PATH ?? '').split(':')]) {
    const npm = join(dir, 'npm')
    if (!existsSync(npm)) continue
    const real = realpathSync(npm)
    const candidates = [
      real,
      join(dirname(real), 'npm-cli.js'),
      join(dirname(real), '../lib/node_modules/npm/bin/npm-cli.js'),
    ]
    const found = candidates.find(path => path.endsWith('npm-cli.js') && existsSync(path))
    if (found) return found
  }
  throw new LaunchError('npm is missing: install npm and try again')
}
