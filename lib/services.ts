import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type Chat } from './chat/chat.ts'
import { createChat } from './chat/create-chat.ts'
import { type Config, config } from './config.ts'
import { type Health, healthOf } from './health.ts'
import { createIds } from './memory/ids.ts'
import { createMemoryIndex } from './memory/memory-index.ts'
import { rank } from './memory/rank.ts'
import { STORE_FILE } from './memory/store-file.ts'
import { createSqliteMemoryStore } from './memory/sqlite.ts'
import type { MemoryStore } from './memory/store.ts'
import { createBuiltInGenerator } from './models/builtin-generator.ts'
import { createStaticEmbedder, loadStaticTable } from './models/builtin/static-embedder.ts'
import type { Embedder } from './models/embedder.ts'
import type { Generator } from './models/generator.ts'
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

async function open(settings: Config): Promise<Services> {
  const table = await loadStaticTable(new URL('../models/static-minilm-128.bin', import.meta.url))
  const embedder = createStaticEmbedder(table)
  const generator = createBuiltInGenerator({ wordMs: settings.builtInWordMs })
  const store = createSqliteMemoryStore({
    file: join(settings.dataDir, STORE_FILE),
    embedderName: embedder.name,
    now: () => new Date(),
    ranking: { createIndex: () => createMemoryIndex({}), rank },
  })
  const newId = createIds(randomBytes)
  const notes = [DEMO_NOTE, BUILT_IN_NOTE]
  const chat = createChat({
    store,
    embedder,
    generator,
    now: () => new Date(),
    newId,
    holder: randomUUID(),
    settings,
  })
  return {
    config: settings,
    store,
    embedder,
    generator,
    chat,
    newId,
    notes,
    async health() {
      return healthOf({
        checks: {
          store: { driver: store.driver, ...(await store.status()) },
          embedder: { name: embedder.name, status: 'ok' },
          generator: { name: generator.name, status: 'ok', detail: BUILT_IN_NOTE },
        },
        usesPinecone: false,
        usesHuggingFace: [],
        notes,
      })
    },
    async close() {
      await chat.settled()
      await store.close()
    },
  }
}

const DEMO_NOTE = 'No API key is configured: whoever names a user speaks for that user.'
const BUILT_IN_NOTE =
  'Answers are quotes of memories by the built-in generator. Set GENERATOR and its settings for a real model.'
