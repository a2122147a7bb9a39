import { configDefaults, defineConfig } from 'vitest/config'

const shared = {
  pool: 'forks',
  testTimeout: 20_000,
  hookTimeout: 60_000,
} as const

/** Suites that drivers share, and the emulators' own tests: none of them needs the built product. */
const UNBUILT = 'test/{conformance,emulators,models}/**/*.test.ts'

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      {
        test: {
          ...shared,
          name: 'code',
          include: ['{functions,lib,web,scripts}/**/*.test.ts', UNBUILT],
          globalSetup: ['test/support/keep-data-folder.ts'],
        },
      },
      {
        test: {
          ...shared,
          name: 'product',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, UNBUILT],
          globalSetup: ['test/support/keep-data-folder.ts', 'test/support/build-once.ts'],
        },
      },
    ],
  },
})
