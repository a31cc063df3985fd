import { defineConfig } from 'vitest/config'

// Whole vaults with real processes: one after the other, two cores are not enough for two.
export default defineConfig({
  test: {
    include: ['test/{e2e,browser}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.full.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 240_000,
    fileParallelism: false,
    passWithNoTests: true,
  },
})
