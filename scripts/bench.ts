import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchChat } from './bench/chat.ts'
import { benchPage } from './bench/page.ts'
import { benchRecall } from './bench/recall.ts'
import { benchStart } from './bench/start.ts'
import { benchUpstream } from './bench/upstream.ts'

/**
 * The project's own cost: `npm run build && npm run bench [-- NAME …]`. Figures are processor time of the host where
 * they can be, for wall time on a shared machine says little; several rounds, medians. Nothing is asserted here.
 */

const benches: Record<string, (place: { dist: string; folder: string }) => Promise<string>> = {
  start: benchStart,
  chat: benchChat,
  recall: benchRecall,
  upstream: benchUpstream,
  page: benchPage,
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`,
  )
  process.exit(1)
}
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const folder = await mkdtemp(join(tmpdir(), `bench-${name}-`))
  console.log(`\n## ${name}\n\n${await bench({ dist: 'dist', folder })}`)
  await rm(folder, { recursive: true })
}
