import type { IndexedMemory } from '../memory-index.ts'
import type { Memory, Turn } from '../memory.ts'

/** A memory as its row has it, without vectors. */
export interface MemoryRow {
  readonly memory_no: number
  readonly id: string
  readonly ts_ms: number
  readonly role: Memory['role']
  readonly reach: Memory['reach']
  readonly source: Memory['source']
  readonly pinned: number
  readonly conversation_id: string | null
  readonly speaker: string | null
  /** JSON; null for none. */
  readonly tags: string | null
  readonly edited_at_ms: number | null
  readonly message_id: string | null
  /** JSON of what a turn has beside its message id; null for what is no turn. */
  readonly turn: string | null
  readonly text: string
}

export const MEMORY_COLUMNS =
  'memory_no, id, ts_ms, role, reach, source, pinned, conversation_id, speaker, tags, edited_at_ms, message_id, turn, text'

/** What `toValues` gives, in its order. */
export const VALUE_COLUMNS =
  'ts_ms, role, reach, source, pinned, conversation_id, speaker, tags, edited_at_ms, message_id, turn, text'

export function toValues(memory: Memory): (string | number | null)[] {
  const { messageId, ...turn } = memory.turn ?? { messageId: null }
  return [
    memory.ts.getTime(),
    memory.role,
    memory.reach,
    memory.source,
    memory.pinned ? 1 : 0,
    memory.conversationId ?? null,
    memory.speaker ?? null,
    tagsValue(memory.tags),
    memory.editedAt?.getTime() ?? null,
    messageId,
    messageId === null ? null : JSON.stringify(turn),
    memory.text,
  ]
}

export const tagsValue = (tags: readonly string[]) =>
  tags.length === 0 ? null : JSON.stringify(tags)

export function toMemory(row: MemoryRow): Memory {
  return {
    id: row.id,
    role: row.role,
    text: row.text,
    ts: new Date(row.ts_ms),
    speaker: row.speaker ?? undefined,
    tags: tagsOf(row.tags),
    conversationId: row.conversation_id ?? undefined,
    source: row.source,
    reach: row.reach,
    pinned: row.pinned === 1,
    editedAt: row.edited_at_ms === null ? undefined : new Date(row.edited_at_ms),
    turn: row.message_id === null ? undefined : turnOf(row.message_id, row.turn!),
  }
}

const tagsOf = (tags: string | null) => (tags === null ? [] : (JSON.parse(tags) as string[]))

const turnOf = (messageId: string, rest: string): Turn => ({
  messageId,
  ...(JSON.parse(rest) as Omit<Turn, 'messageId'>),
})

/** What the index needs of a row, in this order: many rows are read for it, so they come as arrays. */
export const INDEX_COLUMNS =
  'revision, id, reach, ts_ms, role, text, conversation_id, speaker, tags, source'

export type IndexRow = readonly [
  revision: number,
  id: string,
  reach: Memory['reach'],
  tsMs: number,
  role: Memory['role'],
  text: string,
  conversationId: string | null,
  speaker: string | null,
  tags: string | null,
  source: Memory['source'],
  vectors: Uint8Array | null,
  dimension: number | null,
]

export function toIndexed(row: IndexRow): IndexedMemory {
  const [, id, , tsMs, role, text, conversationId, speaker, tags, source, vectors, dimension] = row
  return {
    id,
    tsMs,
    role,
    text,
    conversationId: conversationId ?? undefined,
    speaker: speaker ?? undefined,
    tags: tagsOf(tags),
    source,
    vectors: vectors === null ? undefined : fromBlob(vectors, dimension!),
  }
}

/** The vectors one behind the other, as float32 in the order of the machine: little-endian wherever this is shipped. */
export function toBlob(vectors: readonly Float32Array[]): Uint8Array {
  const joined = new Float32Array(vectors.reduce((length, vector) => length + vector.length, 0))
  let at = 0
  for (const vector of vectors) {
    joined.set(vector, at)
    at += vector.length
  }
  return new Uint8Array(joined.buffer)
}

export function fromBlob(blob: Uint8Array, dimension: number): Float32Array[] {
  const joined = new Float32Array(blob.buffer, blob.byteOffset, blob.byteLength / 4)
  const count = joined.length / dimension
  return Array.from({ length: count }, (_, at) =>
    joined.subarray(at * dimension, (at + 1) * dimension),
  )
}
