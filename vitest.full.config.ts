import { defineConfig } from 'vitest/config'

// What takes longer than `npm test` allows.
export default defineConfig({
  test: {
    globalSetup: ['test/temporary-directory.ts'],
    include: ['{packages,apps}/*/{src,test}/**/*.full.test.ts', 'test/**/*.full.test.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    passWithNoTests: true,
  },
})
