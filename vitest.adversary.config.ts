import { defineConfig } from 'vitest/config'

// Every attack on the threshold protocols, on every field; `npm test` runs a selection of the same files.
export default defineConfig({
  test: {
    include: [
      'packages/mpc/test/adversary/**/*.test.ts',
      'packages/mpc/test/*-adversary.test.ts',
      'packages/mpc/test/frames.test.ts',
    ],
    exclude: ['**/node_modules/**'],
    env: { TRIVAULT_ADVERSARY: 'full' },
    testTimeout: 1_800_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
  },
})
