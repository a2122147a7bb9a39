import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { isBuilt } from './build-info.ts'
import { type Chat } from './chat/chat.ts'
import { createChat } from './chat/create-chat.ts'
import { createClock } from './clock.ts'
import { type Config, config } from './config.ts'
import { type Check, type Health, healthOf } from './health.ts'
import { startEmbeddingUpkeep } from './memory/embedding-upkeep.ts'
import { newMemoryId } from './memory/ids.ts'
import { createMemoryIndex } from './memory/memory-index.ts'
import { createRank } from './memory/rank.ts'
import { unrelatedCosineOf } from './memory/ranking/settings.ts'
import { OUTBOX_FILE, STORE_FILE } from './memory/store-file.ts'
import { createSqliteMemoryStore } from './memory/sqlite.ts'
import { rehearseRecall } from './memory/rehearse.ts'
import type { MemoryStore } from './memory/store.ts'
import { BUILT_IN_GENERATOR } from './models/builtin-generator.ts'
import { loadStaticTable } from './models/builtin/static-embedder.ts'
import type { StaticTable } from './models/builtin/static-table.ts'
import { createWordNeighbours } from './models/builtin/word-neighbours.ts'
import type { Embedder } from './models/embedder.ts'
import type { Generator } from './models/generator.ts'
import { openModels } from './models/open-models.ts'
import { oncePerProcess } from './process.ts'

/** The composition root: the one place that names concrete drivers. */
export interface Services {
  readonly config: Config
  readonly store: MemoryStore
  readonly embedder: Embedder
  readonly generator: Generator
  readonly chat: Chat
  /** A new memory's id for this time. */
  readonly newId: (at: Date) => string
  /** Texts that were not embedded again since they were known, since this was asked last. */
  readonly takeCacheHits: () => number
  /** Forgets the vectors kept of texts; how many there were. */
  readonly forgetCached: () => number
  /** What whoever starts the service should know, such as that anyone may speak for any user. */
  readonly notes: readonly string[]
  health(): Promise<Health>
  close(): Promise<void>
}

/** The services of this process, opened when the first bundle asks. Rejects when a setting is wrong. */
export function services(): Promise<Services> {
  const opened = oncePerProcess('services', () => open(config())) as Promise<Services>
  opened.catch(() => {}) // Whoever awaits it hears of it; nobody may be awaiting it yet.
  return opened
}

/**
 * The store and the models, and nothing that works by itself. Rejects as `services` does.
 */
export async function openMemory(settings: Config) {
  const table = await loadStaticTable(TABLE)
  if (settings.pinecone) return openPinecone(settings, settings.pinecone, table)
  // How likely a cosine is depends on the embedder, which the store's own vectors help to choose.
  let rank = createRank()
  const store = createSqliteMemoryStore({
    file: join(settings.dataDir, STORE_FILE),
    now: () => new Date(),
    limits: settings.memoryLimits,
    ranking: {
      createIndex: createMemoryIndex,
      rank: (index, query) => rank(index, query),
    },
  })
  const [stored] = await store.reembedding.embedders()
  const models = await openModels({ settings, table, storedEmbedder: stored?.name })
  await models.warm()
  store.useEmbedder(models.embedder.name)
  rank = createRank({
    wordNeighbours: createWordNeighbours(table),
    unrelatedCosine: unrelatedCosineOf(models.embedder.name),
    recency: settings.recency,
  })
  return { store, models, reembedding: store.reembedding }
}

async function openPinecone(
  settings: Config,
  { hasOutbox, ...pinecone }: NonNullable<Config['pinecone']>,
  table: StaticTable,
) {
  // Loaded where it is chosen; whoever chose nothing does not pay for it.
  const { createPineconeMemoryStore } = await import('./memory/pinecone.ts')
  const models = await openModels({ settings, table })
  const { embedder } = models
  const rank = createRank({
    wordNeighbours: createWordNeighbours(table),
    unrelatedCosine: unrelatedCosineOf(embedder.name),
    recency: settings.recency,
  })
  const store = createPineconeMemoryStore({
    ...pinecone,
    file: hasOutbox ? join(settings.dataDir, OUTBOX_FILE) : undefined,
    dimension: embedder.dimension,
    embedderName: embedder.name,
    embed: (texts) => embedder.embed(texts),
    limits: settings.memoryLimits,
    now: () => new Date(),
    timeoutMs: settings.upstreamTimeoutMs,
    ranking: { createIndex: createMemoryIndex, rank },
    onWrongIndex(error) {
      // Pinecone was away at the start: only now it shows that nothing can ever be stored.
      process.exitCode = 1
      process.stderr.write(`${error.message}\n`)
      process.kill(process.pid, 'SIGTERM')
    },
  })
  try {
    // The last one while the services are on their way to answer.
    await Promise.all([models.warm(), store.start(), rehearseRecall(rank)])
  } catch (error) {
    await store.close()
    throw error
  }
  return { store, models, reembedding: undefined }
}

async function open(settings: Config): Promise<Services> {
  const { store, models, reembedding } = await openMemory(settings)
  const { embedder, generator } = models
  const upkeep =
    reembedding && startEmbeddingUpkeep({ reembedding, embedder, now: () => new Date() })
  const isBuiltIn = generator.name === BUILT_IN_GENERATOR
  const notes = [...(settings.asksForKey ? [] : [DEMO_NOTE]), ...(isBuiltIn ? [BUILT_IN_NOTE] : [])]
  const chat = createChat({
    store,
    embedder,
    generator,
    now: createClock(Date.now),
    newId: newMemoryId,
    holder: randomUUID(),
    settings,
  })
  return {
    config: settings,
    store,
    embedder,
    generator,
    chat,
    newId: newMemoryId,
    takeCacheHits: models.takeCacheHits,
    forgetCached: models.forget,
    notes,
    async health() {
      const [ofStore, upstream, lacking] = await Promise.all([
        store.status(),
        models.check(),
        upkeep?.detail(),
      ])
      return healthOf({
        checks: {
          store: { driver: store.driver, ...ofStore },
          embedder: { name: embedder.name, ...withDetail(upstream.embedder, lacking) },
          generator: {
            name: generator.name,
            ...upstream.generator,
            ...(isBuiltIn && { detail: BUILT_IN_NOTE }),
          },
        },
        usesPinecone: settings.pinecone !== undefined,
        usesHuggingFace: models.usesHuggingFace,
        notes,
      })
    },
    async close() {
      await chat.settled()
      await upkeep?.close()
      await store.close()
    },
  }
}

/** What its upstream says, and what the embedder has still to do. */
function withDetail(upstream: Check, lacking: string | undefined): Check {
  if (lacking === undefined) return upstream
  return {
    status: upstream.status === 'ok' ? 'degraded' : upstream.status,
    detail: upstream.detail === undefined ? lacking : `${upstream.detail} ${lacking}`,
  }
}

/** Beside the bundles where it is built, in its room where it is not. */
const TABLE = new URL(
  isBuilt ? '../models/static-minilm-128.bin' : './models/builtin/static-minilm-128.bin',
  import.meta.url,
)

const DEMO_NOTE = 'No API key is configured: whoever names a user speaks for that user.'
const BUILT_IN_NOTE =
  'Answers are quotes of memories by the built-in generator. Set HF_TOKEN or HF_ENDPOINT_URL for a real model.'
