import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Entry, zip } from './lambda/zip.ts'

/**
 * Packs each built function as AWS Lambda takes it, for infra/lambda/template.yaml:
 *
 *   npm run build && npm run package:lambda [-- --dist dist --out dist/lambda]
 *
 * The same input makes the same bytes. Exit code 1 when a package is larger than it may be.
 */

/** Where the function finds it from its own place: ../models/ beside functions/. */
const MODEL = 'models/static-minilm-128.bin'

/** Of one package in KiB, packed: the built-in table is 4 MiB of it. Lambda's own limit is 50 MB; a cold start pays for each. */
const CEILING_KIB = 4800
const CEILING_WITHOUT_MODEL_KIB = 200

const { values } = parseArgs({
  options: {
    dist: { type: 'string', default: 'dist' },
    out: { type: 'string', default: 'dist/lambda' },
  },
})
const { dist, out } = values

await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })
const files = await readdir(join(dist, 'functions'))
const names = files.filter((file) => file.endsWith('.mjs')).map((file) => file.slice(0, -4))
const tooLarge: string[] = []
for (const name of names) {
  const entries = await entriesOf(name)
  const bytes = zip(entries)
  await writeFile(join(out, `${name}.zip`), bytes)
  const kib = bytes.length / 1024
  const hasModel = entries.some(({ path }) => path === MODEL)
  const ceiling = hasModel ? CEILING_KIB : CEILING_WITHOUT_MODEL_KIB
  if (kib > ceiling) tooLarge.push(`${name}.zip has ${kib.toFixed(0)} KiB; ${ceiling} are allowed.`)
  console.log(`${`${name}.zip`.padEnd(16)} ${kib.toFixed(1).padStart(8)} KiB`)
}
for (const fault of tooLarge) console.error(fault)
process.exit(names.length > 0 && tooLarge.length === 0 ? 0 : 1)

/** The bundle, its notices, and the built-in model where the bundle reads it. */
async function entriesOf(name: string): Promise<Entry[]> {
  const own = [`${name}.mjs`, `${name}.mjs.LEGAL.txt`].filter((file) => files.includes(file))
  const entries = await Promise.all(
    own.map(async (file) => ({
      path: `functions/${file}`,
      bytes: await readFile(join(dist, 'functions', file)),
    })),
  )
  if (!entries[0]!.bytes.includes(MODEL)) return entries
  return [...entries, { path: MODEL, bytes: await readFile(join(dist, MODEL)) }]
}
