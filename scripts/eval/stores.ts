import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMemoryIndex } from '../../lib/memory/memory-index.ts'
import { createPineconeMemoryStore } from '../../lib/memory/pinecone.ts'
import type { Rank } from '../../lib/memory/rank.ts'
import { createSqliteMemoryStore } from '../../lib/memory/sqlite.ts'
import type { MemoryStore } from '../../lib/memory/store.ts'
import type { Embedder } from '../../lib/models/embedder.ts'
import { startPineconeEmulator } from '../../test/emulators/pinecone.ts'

export const STORES = ['sqlite', 'pinecone'] as const
export type StoreName = (typeof STORES)[number]

/** A store with nothing in it, and gone when it is closed. */
export interface EvalStore {
  readonly store: MemoryStore
  /** Resolves when all that was saved is where it will live. */
  settled(): Promise<void>
  close(): Promise<void>
}

const now = () => new Date()

export async function openEvalStore(
  name: StoreName,
  rank: Rank,
  embedder: Embedder | undefined,
): Promise<EvalStore> {
  const folder = mkdtempSync(join(tmpdir(), 'eval-'))
  const ranking = { createIndex: createMemoryIndex, rank }
  if (name === 'sqlite') {
    const store = createSqliteMemoryStore({
      file: join(folder, 'memories.sqlite'),
      now,
      ranking,
      embedderName: embedder?.name,
      indexBytes: 1024 ** 3,
    })
    return {
      store,
      async settled() {},
      async close() {
        await store.close()
        rmSync(folder, { recursive: true })
      },
    }
  }
  if (!embedder) throw new Error('Pinecone holds vectors: choose an embedder.')
  const emulator = await startPineconeEmulator({ validate: false, keepRequests: 0 })
  const store = createPineconeMemoryStore({
    apiKey: emulator.apiKey,
    controllerUrl: emulator.url,
    name: 'eval',
    region: 'us-east-1',
    dimension: embedder.dimension,
    embedderName: embedder.name,
    file: join(folder, 'pinecone.db'),
    isolation: 'namespace',
    ranking,
    embed: (texts) => embedder.embed(texts),
    now,
  })
  return {
    store,
    async settled() {
      while (!(await store.isSent())) await sleep(20)
    },
    async close() {
      await store.close()
      await emulator.close()
      rmSync(folder, { recursive: true })
    },
  }
}
