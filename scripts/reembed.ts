import { parseArgs } from 'node:util'
import { ConfigError, config, loadDotEnv } from '../lib/config.ts'
import { isProblem } from '../lib/errors.ts'
import { reembed } from '../lib/memory/reembed.ts'
import { openMemory } from '../lib/services.ts'

const help = `npm run reembed [-- --count]

Gives all memories the vectors of the embedder that the settings choose, such as after EMBEDDER or
HF_EMBEDDING_MODEL was changed. The service may run meanwhile, with the same settings. It can be
interrupted: what is done is kept, and the next run goes on from there.

  --count    only say how many memories lack these vectors, for what an embedding costs`

const { values: options } = parseArgs({
  options: {
    count: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const NOT_THERE = `An index in Pinecone holds the vectors of one embedder for good. For another one set PINECONE_INDEX to a
new name, and bring each user over: GET /api/users/{id}/export before, POST /api/users/{id}/import after.`

if (options.help) console.log(help)
else process.exitCode = await run(options.count)

async function run(countsOnly: boolean): Promise<number> {
  try {
    loadDotEnv()
    const { store, models, reembedding } = await openMemory(config())
    const { embedder } = models
    if (!reembedding) {
      await store.close()
      console.error(NOT_THERE)
      return 1
    }
    const lacking = await reembedding.countLacking(embedder.name, new Date(8.64e15))
    console.log(`${lacking} memories lack vectors of ${embedder.name}.`)
    if (countsOnly || lacking === 0) return 0
    const interrupted = new AbortController()
    process.once('SIGINT', () => interrupted.abort())
    process.once('SIGTERM', () => interrupted.abort())
    const embedded = await reembed({
      reembedding,
      embedder,
      signal: interrupted.signal,
      onProgress: (done) => process.stderr.write(`\r${done} of ${lacking}`),
    })
    process.stderr.write('\n')
    await store.close()
    if (!interrupted.signal.aborted) {
      console.log(`${embedded} embedded.`)
      return 0
    }
    console.log(`Interrupted after ${embedded}. Run it again to go on.`)
    return 130
  } catch (error) {
    if (!(error instanceof ConfigError) && !isProblem(error)) throw error
    console.error(`${error.message}\nWhat was embedded is kept; run it again to go on.`)
    return 1
  }
}
