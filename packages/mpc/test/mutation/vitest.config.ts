import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { applied, mutantsOf, nameOf, SOURCES } from './mutants.ts'

/** The tests of packages/mpc over sources that lack the condition which TRIVAULT_MUTANT names (see run.ts). */
const wanted = process.env.TRIVAULT_MUTANT ?? ''

export default defineConfig({
  root: fileURLToPath(new URL('../../../../', import.meta.url)),
  plugins: [
    {
      name: 'take-one-check-away',
      enforce: 'pre',
      load(id) {
        const path = id.split('?')[0] ?? ''
        if (!path.startsWith(SOURCES)) return undefined
        const file = path.slice(SOURCES.length)
        const text = readFileSync(path, 'utf8')
        const mutants = mutantsOf(file, text)
        const mutant = mutants.find(one => nameOf(one, mutants) === wanted)
        return mutant === undefined ? undefined : applied(mutant, text)
      },
    },
  ],
  test: {
    // The cache of transformed modules does not know which condition is missing: it would hand out other mutants.
    fsModuleCache: false,
    include: ['packages/mpc/{src,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.full.test.ts', '**/{fallback,kernel,limbs,wycheproof,frost-vectors}.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    bail: 1,
  },
})
