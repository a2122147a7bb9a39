import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Plugin } from 'esbuild'
import { inject } from 'vitest'
import { bundleFixture } from '../../support/bundle-fixture.ts'

/** A line of the source and what a careless change could make of it. */
export interface Bug {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/**
 * Builds one file of the product with a bug in it, beside the built product of this run: a suite that stays green over it
 * proves nothing. Resolves with its path. Throws when the line is not there exactly once.
 */
export async function plant(bugs: readonly Bug[], entry: string, outfile: string): Promise<string> {
  const missing = new Set(bugs)
  const planting: Plugin = {
    name: 'planted bug',
    setup(esbuild) {
      esbuild.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const here = bugs.filter(({ file }) => path === resolve(file))
        if (here.length === 0) return undefined
        let contents = await readFile(path, 'utf8')
        for (const bug of here) {
          if (contents.split(bug.find).length === 2) missing.delete(bug)
          contents = contents.replace(bug.find, () => bug.replace)
        }
        return { contents, loader: 'ts' }
      })
    },
  }
  const path = `${inject('distWithFixtures')}/${outfile}`
  await bundleFixture(entry, path, [planting])
  const [bug] = missing
  if (bug === undefined) return path
  throw new Error(`${bug.file} has not exactly one such line: ${bug.find}`)
}

/** The staged services with a bug in them, for `startHost({ preload })`: all functions then use these. */
export const plantInServices = (bugs: readonly Bug[], name: string) =>
  plant(bugs, 'test/fixtures/staged-services.ts', `fixtures/${name}.mjs`)

/** The host with a bug in it, for `startHost({ program })`. */
export const plantInHost = (bugs: readonly Bug[], name: string) =>
  plant(bugs, 'lib/host/main.ts', `${name}.mjs`)
