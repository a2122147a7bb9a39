import { defineConfig } from 'vitest/config'

/** The faults at full size: `npm run test:faults`. `npm test` runs the same suites at small size. */
export default defineConfig({
  test: {
    name: 'faults',
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/faults/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1, // What is measured shall not share the machine with another measurement.
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    globalSetup: [
      'test/support/keep-data-folder.ts',
      'test/support/build-once.ts',
      'test/faults/support/write-page.ts',
    ],
    provide: { size: 'full' },
  },
})
