import { defineConfig } from 'vitest/config'

// The evil wallet with full counts. Another seed or count: TRIVAULT_EVIL_SEED, TRIVAULT_EVIL_OPERATIONS, TRIVAULT_EVIL_SIGNED.
export default defineConfig({
  test: {
    include: ['test/evil/**/*.test.ts'],
    testTimeout: 3_600_000,
    reporters: ['verbose'],
    env: {
      TRIVAULT_EVIL_OPERATIONS: process.env.TRIVAULT_EVIL_OPERATIONS ?? '10000',
      TRIVAULT_EVIL_SIGNED: process.env.TRIVAULT_EVIL_SIGNED ?? '200',
    },
  },
})
