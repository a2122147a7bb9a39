import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { bundleFixture } from './bundle-fixture.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The built product, as it is shipped. */
    dist: string
    /** The same with what stands in test/fixtures beside it. */
    distWithFixtures: string
  }
}

/** Builds the product once for all tests of a run, into a folder of its own: ./dist may be running. */
export default async function buildOnce(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'ai-memory-layer-dist-'))
  const tidyUp = () => rm(folder, { recursive: true, force: true })
  try {
    await buildInto(folder, project)
  } catch (error) {
    await tidyUp()
    throw error
  }
  return tidyUp
}

async function buildInto(folder: string, project: TestProject): Promise<void> {
  const dist = join(folder, 'dist')
  const distWithFixtures = join(folder, 'dist-with-fixtures')
  await promisify(execFile)(process.execPath, ['scripts/build.ts', '--out', dist])
  await cp(dist, distWithFixtures, { recursive: true })
  await cp('test/fixtures/functions', join(distWithFixtures, 'functions'), { recursive: true })
  await bundleFixture(
    'test/fixtures/staged-services.ts',
    join(distWithFixtures, 'fixtures/staged-services.mjs'),
  )
  project.provide('dist', dist)
  project.provide('distWithFixtures', distWithFixtures)
}
