import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { WebApp } from '@trivault/web-config'
import { zipSync } from 'fflate'
import { buildFrontends, distOf } from './build.ts'

/** One archive serves every customer: env-config.js is put beside it by `generate-fe-env`. */
const ARCHIVES: Readonly<Record<WebApp, string>> = { console: 'frontend.zip', approver: 'approver.zip' }
/** The earliest time that a zip file can hold: same files, same bytes. */
const EPOCH = new Date(1980, 0, 1)

/** npm run build:frontend [-- DIRECTORY]: builds both web apps and packs them. */
async function main(directory: string): Promise<void> {
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  await buildFrontends(say)
  mkdirSync(directory, { recursive: true })
  for (const app of Object.keys(ARCHIVES) as WebApp[]) {
    const root = distOf(app)
    const names = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name !== '.built-from')
      .map(entry => relative(root, join(entry.parentPath, entry.name)))
      .sort()
    const files = Object.fromEntries(names.map(name => [name, new Uint8Array(readFileSync(join(root, name)))]))
    const file = resolve(directory, ARCHIVES[app])
    writeFileSync(file, zipSync(files, { level: 9, mtime: EPOCH }))
    say(`${file}  ${names.length} files`)
  }
}

await main(process.argv[2] ?? 'dist').catch((error: unknown) => {
  process.stderr.write(`trivault: ${error instanceof Error ? error.message : 'unexpected error'}\n`)
  process.exitCode = 1
})
