import type { IndexOptions, MemoryIndex } from './memory-index.ts'
import type { UserId } from './memory.ts'
import type { Rank } from './rank.ts'
import { createPruner, type Limits } from './prune.ts'
import type { MemoryStore } from './store.ts'
import { createConnection } from './sqlite/connection.ts'
import { createEraser } from './sqlite/eraser.ts'
import { createIndexCache } from './sqlite/index-cache.ts'
import { openFile } from './sqlite/open-file.ts'
import { createPruneSource } from './sqlite/prune-source.ts'
import { createReembedding, type Reembedding } from './sqlite/reembedding.ts'
import { createStagedFile } from './sqlite/staged-file.ts'
import { prepareStatements } from './sqlite/statements.ts'
import { openUserMemories } from './sqlite/user-memories.ts'
import { createWriter } from './sqlite/writer.ts'

export interface SqliteMemoryStoreOptions {
  /** Its folder is made when missing. */
  readonly file: string
  readonly now: () => Date
  readonly ranking: Ranking
  /** Whose vectors are saved and compared; until one is named, words alone recall and vectors are refused. */
  readonly embedderName?: string | undefined
  /** What the indexes of recent users may occupy together. */
  readonly indexBytes?: number | undefined
  /** Deletions within this time are erased together. */
  readonly eraseAfterMs?: number | undefined
  /** How much is kept of each user; undefined: all. */
  readonly limits?: Limits | undefined
}

/** How memories are found among one user's: an index in this process, and what ranks it. */
export interface Ranking {
  readonly createIndex: (options?: IndexOptions) => MemoryIndex
  readonly rank: Rank
}

/** What this driver can do beyond the contract. */
export interface SqliteMemoryStore extends MemoryStore {
  readonly driver: 'sqlite'
  readonly reembedding: Reembedding
  /** From now on vectors are this embedder's; those of another stay in the file, unused, until they are replaced. */
  useEmbedder(name: string): void
  /** Erases it now; otherwise that happens by itself soon. Resolves to whether nothing is left. */
  scrub(): Promise<boolean>
}

/** Some 70,000 memories of a chat, at 128 dimensions. */
const INDEX_BYTES = 64 * 1024 * 1024

const ERASE_AFTER_MS = 5_000

const STAGED_NOTE =
  'Restored memories wait: they take the place of these at a start with no other process on the file.'

/**
 * Memories in one SQLite file; several processes may have it open. Opens it at once: throws a `MemoryFileError`
 * that tells the remedy for a file that is damaged, of another program, or of a release this one does not understand.
 */
export function createSqliteMemoryStore(options: SqliteMemoryStoreOptions): SqliteMemoryStore {
  const { file, now, ranking, indexBytes = INDEX_BYTES, eraseAfterMs = ERASE_AFTER_MS } = options
  let { embedderName } = options
  const database = openFile(file)
  const connection = createConnection(database)
  const statements = prepareStatements(database)
  const nameOfEmbedder = () => embedderName
  const writer = createWriter(statements, nameOfEmbedder)
  const staged = createStagedFile(file)
  const eraser = createEraser({ file, connection, statements, staged, delayMs: eraseAfterMs })
  const indexes = createIndexCache({
    connection,
    statements,
    createIndex: ranking.createIndex,
    embedderName: nameOfEmbedder,
    maxBytes: indexBytes,
  })
  const parts = {
    connection,
    statements,
    writer,
    indexes,
    eraser,
    staged,
    ranking,
    now,
    onAdded: (userId: UserId, count: number) => pruner.added(userId, count),
  }
  const forUser = (userId: UserId) => openUserMemories(userId, parts)
  const pruner = createPruner({
    limits: options.limits ?? {},
    source: createPruneSource(connection, statements),
    memoriesOf: forUser,
    now,
  })

  void eraser.isDone().then(
    (isDone) => isDone || eraser.wake(),
    () => {},
  ) // A process may have died before.

  return {
    driver: 'sqlite',
    forUser,
    reembedding: createReembedding(connection, statements, writer),
    useEmbedder(name) {
      embedderName = name
      indexes.forgetAll()
    },
    isErased: (mark) => eraser.isDone(mark),
    erasureMark: () => eraser.mark(),
    scrub: () => eraser.scrub(),
    async status() {
      try {
        if (!(await eraser.isDone())) eraser.wake()
      } catch (error) {
        return { status: 'error', detail: (error as Error).message }
      }
      const writing = connection.failure()
      if (writing !== undefined) return { status: 'degraded', detail: `Not saved: ${writing}` }
      const erasing = eraser.failure()
      if (erasing !== undefined) return { status: 'degraded', detail: `Not erased yet: ${erasing}` }
      return staged.isThere() ? { status: 'ok', detail: STAGED_NOTE } : { status: 'ok' }
    },
    async close() {
      if (!database.isOpen) return
      await pruner.close()
      await eraser.close()
      statements.checkpoint()
      database.close()
    },
  }
}
