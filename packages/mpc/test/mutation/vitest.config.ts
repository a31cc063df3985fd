import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { applied, mutantsOf, nameOf, SOURCES } from './mutants.ts'

/** The tests of packages/mpc over sources that lack the condition which TRIVAULT_MUTANT names (see run.ts). */
const wanted = process.env.TRIVAULT_MUTANT ?? ''
/** Paths of test files from the root: whatever is likely to kill soonest comes first. */
const order = (process.env.TRIVAULT_MUTANT_ORDER ?? '').split(',')

class Soonest extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = order.findIndex(path => path !== '' && moduleId.endsWith(path))
      return at < 0 ? order.length : at
    }
    return files.toSorted((a, b) => rank(a) - rank(b))
  }
}

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
    // Left out: what reads the sources as text, tests another implementation, or watches all memory.
    exclude: ['**/node_modules/**', '**/*.full.test.ts', '**/{checks,fallback,frost-erasure,kernel,limbs,wycheproof}.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // One worker that imports the sources once for all files.
    maxWorkers: 1,
    isolate: false,
    sequence: { sequencer: Soonest },
    bail: 1,
  },
})
