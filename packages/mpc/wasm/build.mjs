/**
 * Builds the kernel: `node packages/mpc/wasm/build.mjs` writes src/kernel/binary.ts. A test builds it again and compares.
 * The import './limbs' is what `limbs()` of generate.mjs returns; `node packages/mpc/wasm/generate.mjs` prints it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'
import { limbs } from './generate.mjs'

const OPTIONS = ['index.ts', '--outFile', 'out.wasm', '--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd']

/** The files that a build writes, by path from the package's root. */
export const build = async () => {
  const generated = limbs()
  let binary
  const { error, stderr } = await main(OPTIONS, {
    readFile: name => {
      if (name === 'limbs.ts') return generated
      try {
        return readFileSync(new URL(name, import.meta.url), 'utf8')
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
  const base64 = Buffer.from(binary).toString('base64')
  return new Map([
    [
      'src/kernel/binary.ts',
      `/** Written by wasm/build.mjs from wasm/*.ts. */\nexport const BINARY =\n  '${base64}'\n`,
    ],
  ])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, contents] of await build()) writeFileSync(new URL(`../${path}`, import.meta.url), contents)
}
