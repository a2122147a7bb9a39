import type { Memory, Role } from './memory.ts'
import { type Columns, createColumns } from './ranking/columns.ts'
import { addTurn, compacted, removeTurn } from './ranking/turns.ts'

/** What recall knows of a memory: all but how it is shown. */
export interface IndexedMemory {
  readonly id: string
  readonly tsMs: number
  readonly role: Role
  readonly text: string
  readonly conversationId?: string | undefined
  readonly speaker?: string | undefined
  readonly tags: readonly string[]
  readonly source: Memory['source']
  /** The passages of the text that are to be found, where not all of them are at hand. Default: `passages(text)`. */
  readonly passages?: readonly string[] | undefined
  /** One unit vector for each of `passages(text)`; undefined where no embedder made them yet. */
  readonly vectors?: readonly Float32Array[] | undefined
}

/**
 * The memories of one user that recall may find, as columns in this process; `rank` searches them. It reads
 * no clock, file or environment, and holds no text: a store builds it from its rows and keeps it up to date.
 */
export interface MemoryIndex {
  readonly memories: number
  /** What it occupies, to within a third or so: for a cache that is bounded in bytes. */
  readonly bytes: number
  /**
   * Inserts, or replaces the memory with this id. Cheapest in order of time. Throws a `RangeError` when a
   * vector has not the dimension of those before, or when there is not one for each passage.
   */
  put(memory: IndexedMemory): void
  /** Nothing happens when there is no such memory. */
  remove(id: string): void
  /** The named people whose words are here, in order of their first appearance. */
  speakers(): readonly string[]
  /** For the ranking; replaced now and then, so it is read anew for each question. */
  readonly columns: Columns
}

export interface IndexOptions {
  /** Turns further apart than this are not of one sitting, and so no neighbours. */
  readonly sittingGapMs?: number | undefined
  /** So many memories are about to be put into it: room is made for them at once. */
  readonly room?: number | undefined
}

/**
 * Six hours: a conversation that is taken up again the next day is a new sitting, one left over lunch is
 * not. What stands on either side of such a gap is as unrelated as in two conversations.
 */
export const SITTING_GAP_MS = 6 * 60 * 60 * 1_000

/** Dead turns stay in the columns until they are a quarter of them: then those are written anew. */
const DEAD_SHARE = 0.25
const DEAD_AT_LEAST = 64

export function createMemoryIndex(options: IndexOptions = {}): MemoryIndex {
  const sittingGapMs = options.sittingGapMs ?? SITTING_GAP_MS
  let columns = createColumns(sittingGapMs, options.room)

  function remove(id: string): void {
    const slot = columns.slotOf.get(id)
    if (slot === undefined) return
    removeTurn(columns, slot)
    const dead = columns.slots - columns.alive
    if (dead >= DEAD_AT_LEAST && dead > columns.slots * DEAD_SHARE) columns = compacted(columns)
  }

  return {
    get memories() {
      return columns.alive
    },
    get bytes() {
      return columns.bytes()
    },
    get columns() {
      return columns
    },
    put(memory) {
      remove(memory.id)
      addTurn(columns, memory)
    },
    remove,
    speakers: () => columns.speakerNames.filter((_, at) => columns.speakerTurns[at]! > 0),
  }
}
