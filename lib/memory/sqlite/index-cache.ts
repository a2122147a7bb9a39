import { setImmediate as nextTurn } from 'node:timers/promises'
import type { IndexOptions, MemoryIndex } from '../memory-index.ts'
import type { UserId } from '../memory.ts'
import type { Connection } from './connection.ts'
import { type IndexRow, toIndexed } from './rows.ts'
import type { Statements } from './statements.ts'

/** The indexes of the users who were here last, each brought up to date with the file when it is asked for. */
export interface IndexCache {
  /** Undefined for a user of whom the file knows nothing. */
  of(userId: UserId): Promise<MemoryIndex | undefined>
  /** Takes deleted memories out at once; `removals` is the user's count with this deletion. */
  remove(userId: UserId, ids: readonly string[], removals: number): void
  forget(userId: UserId): void
  forgetAll(): void
  /** How many memories of the user are indexed here just now. */
  held(userId: UserId): number
}

export interface IndexCacheOptions {
  readonly connection: Connection
  readonly statements: Statements
  readonly createIndex: (options?: IndexOptions) => MemoryIndex
  readonly embedderName: () => string | undefined
  /** The index that was asked for last is kept whatever its size: without it each question would build it anew. */
  readonly maxBytes: number
}

/** Rows that are indexed before others get their turn: some 20 ms of work. */
const ROWS_A_TURN = 250

interface Entry {
  readonly index: MemoryIndex
  readonly userNo: number
  /** Every row up to this revision is in the index. */
  revision: number
  removals: number
  /** False while it is built: then it is not pushed out, or two large users would undo each other's work. */
  isComplete: boolean
}

export function createIndexCache(options: IndexCacheOptions): IndexCache {
  const { connection, statements, createIndex, embedderName, maxBytes } = options
  /** Least recently used first. */
  const entries = new Map<UserId, Entry>()

  /**
   * Reads and indexes the next rows that changed. Without a pause within: what is deleted between two steps is
   * neither read by the next nor left in the index. Whoever asks for the same user meanwhile helps along.
   */
  function step(userId: UserId): Entry | undefined {
    const user = statements.user(userId)
    if (!user) {
      entries.delete(userId)
      return undefined
    }
    let entry = entries.get(userId)
    if (entry?.userNo !== user.user_no || entry.removals !== user.removals) {
      entry = {
        index: createIndex({ room: statements.count(user.user_no)!.memories }),
        userNo: user.user_no,
        revision: 0,
        removals: user.removals,
        isComplete: false,
      }
    }
    entries.delete(userId)
    entries.set(userId, entry)
    if (entry.revision >= user.revision) {
      entry.isComplete = true
      return entry
    }
    const name = embedderName() ?? null
    const rows = statements.changed(name, entry.userNo, entry.revision, ROWS_A_TURN)
    for (const row of rows) apply(entry.index, row)
    const [lastRevision] = rows.at(-1) ?? [0]
    entry.isComplete = rows.length < ROWS_A_TURN
    // The newest revisions may be of rows that are deleted since.
    entry.revision = entry.isComplete ? Math.max(user.revision, lastRevision) : lastRevision
    return entry
  }

  /** Pushes out who was longest away. */
  function shrink(newest: Entry): void {
    let bytes = bytesOf(entries)
    for (const [userId, entry] of entries) {
      if (bytes <= maxBytes) return
      if (entry === newest || !entry.isComplete) continue
      bytes -= entry.index.bytes
      entries.delete(userId)
    }
  }

  async function completed(userId: UserId): Promise<MemoryIndex | undefined> {
    for (;;) {
      const entry = await connection.read(() => step(userId))
      if (!entry) return undefined
      if (entry.isComplete) {
        shrink(entry)
        return entry.index
      }
      await nextTurn()
    }
  }

  return {
    async of(userId) {
      try {
        return await completed(userId)
      } catch (error) {
        entries.delete(userId)
        throw error
      }
    },
    remove(userId, ids, removals) {
      const entry = entries.get(userId)
      if (!entry) return
      for (const id of ids) entry.index.remove(id)
      // Otherwise another process has deleted too, and the index is built anew.
      if (entry.removals === removals - 1) entry.removals = removals
    },
    forget: (userId) => void entries.delete(userId),
    forgetAll: () => entries.clear(),
    held: (userId) => entries.get(userId)?.index.memories ?? 0,
  }
}

function apply(index: MemoryIndex, row: IndexRow): void {
  const [, id, reach] = row
  if (reach !== 'recall') {
    index.remove(id)
    return
  }
  const memory = toIndexed(row)
  try {
    index.put(memory)
  } catch (error) {
    // Another release cut this text into other passages: its words are found until it is embedded anew.
    if (!(error instanceof RangeError)) throw error
    index.put({ ...memory, vectors: undefined })
  }
}

function bytesOf(entries: ReadonlyMap<UserId, Entry>): number {
  let bytes = 0
  for (const { index } of entries.values()) bytes += index.bytes
  return bytes
}
