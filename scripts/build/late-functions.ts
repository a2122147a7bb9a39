import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installRuntime, loadFunction } from '../../lib/host/runtime.ts'

/**
 * Writes down what bundles say of themselves, so that a host knows their routes before it has loaded them:
 *
 *   node scripts/build/late-functions.ts DIST NAME…
 *
 * They are asked as Lambda would ask them, by being imported, which opens a store: one in a folder that goes again.
 */
const [dist = 'dist', ...names] = process.argv.slice(2)
const dataDir = await mkdtemp(join(tmpdir(), 'build-'))
process.env['DATA_DIR'] = dataDir
await installRuntime({ maxConcurrency: 1 })
const functions = await Promise.all(
  names.map((name) => loadFunction(pathToFileURL(join(dist, `functions/${name}.mjs`)))),
)
const known = functions.map(({ name, routes, isStreamed }) => ({ name, routes, isStreamed }))
await writeFile(join(dist, 'late-functions.json'), JSON.stringify(known))
await rm(dataDir, { recursive: true })
process.exit()
