import { defineConfig } from 'vitest/config'

/**
 * The tests that Stryker runs in its copy of the sources (stryker.mpc.config.json). TRIVAULT_MUTANT_TESTS narrows them,
 * e.g. to `{frost,frost-*}`: a mutant that survives then has to meet all of them.
 */
const tests = process.env.TRIVAULT_MUTANT_TESTS ?? '**/*'

export default defineConfig({
  test: {
    // The cache of transformed modules could hand out the code of an earlier run.
    fsModuleCache: false,
    include: [`packages/mpc/{src,test}/${tests}.test.ts`],
    // Left out: what reads the sources as text, tests another implementation, or takes minutes.
    exclude: [
      '**/node_modules/**',
      '**/*.full.test.ts',
      '**/{checks,fallback,kernel,limbs,wycheproof,decoders,transcripts}.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
})
