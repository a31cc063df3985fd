/**
 * Builds the kernel: `node packages/mpc/wasm/build.mjs` writes src/kernel/binary.ts. A test builds it again and compares.
 * The import './limbs' is what `limbs()` of generate.mjs returns; `node packages/mpc/wasm/generate.mjs` prints it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'
import { limbs } from './generate.mjs'

const OPTIONS = ['--outFile', 'out.wasm', '--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd']

/** Compiles index.ts, or `entry` in its place, with the generated './limbs'. */
export const compile = async entry => {
  const given = new Map([['limbs.ts', limbs()]])
  if (entry !== undefined) given.set('index.ts', entry)
  let binary
  const { error, stderr } = await main(['index.ts', ...OPTIONS], {
    readFile: name => {
      try {
        return given.get(name) ?? readFileSync(new URL(name, import.meta.url), 'utf8')
      } catch {
        return null
      }
    },
    writeFile: (_name, contents) => {
      binary = contents
    },
    listFiles: () => [],
  })
  if (error || binary === undefined) throw new Error(`the kernel does not compile: ${stderr.toString()}`)
  return binary
}

/** The files that a build writes, by path from the package's root. */
export const build = async () => {
  const base64 = Buffer.from(await compile()).toString('base64')
  const contents = `/** Written by wasm/build.mjs from wasm/*.ts. */\nexport const BINARY =\n  '${base64}'\n`
  return new Map([['src/kernel/binary.ts', contents]])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, contents] of await build()) writeFileSync(new URL(`../${path}`, import.meta.url), contents)
}
