import type { IndexOptions, MemoryIndex } from '../memory-index.ts'
import type { Memory, UserId } from '../memory.ts'
import { withPeriod } from '../period.ts'
import type { Rank } from '../rank.ts'
import type { Recalled, RecallQuery } from '../recall.ts'
import type { Connection } from '../sqlite/connection.ts'
import { fromBlob } from '../sqlite/rows.ts'
import { terms } from '../terms.ts'
import { vectorsOf } from './host.ts'
import { both, type Reader } from './reader.ts'
import { memoryIdOf, toMemory } from './records.ts'
import { sampleOf, type Unseen } from './sample.ts'
import { sparseQuestion } from './sparse.ts'
import type { Row } from './memory-rows.ts'
import type { Statements } from './statements.ts'
import type { Filter, Match } from './user-records.ts'

export interface RecallParts {
  readonly reader: Reader
  readonly connection: Connection
  readonly statements: Statements
  readonly dimension: number
  readonly createIndex: (options?: IndexOptions) => MemoryIndex
  readonly rank: Rank
  /** Without one, the host's own rows answer when Pinecone does not. */
  readonly hasDisk: boolean
  /** May be shorter than that of writes: somebody waits. */
  readonly timeoutMs: number
  readonly onFound: (userId: UserId, matches: readonly Match[]) => void
}

/**
 * So many records come back for a question, and all else is done with them: more gain little, fewer lose the turns that
 * only neighbours find (docs/recall.md, "Over Pinecone").
 */
export const TOP_K = 200

/** What was said a little later belongs to the time that a question names (lib/memory/ranking/time.ts). */
const TOLD_WITHIN_MS = 2 * 24 * 60 * 60 * 1_000

/** One question to Pinecone by words and vectors at once, ranked here. */
export async function recallThere(
  userId: UserId,
  query: RecallQuery,
  parts: RecallParts,
): Promise<Recalled[]> {
  const { reader, createIndex, rank } = parts
  const dated = await withPeriod(query)
  const found = await search(userId, dated, parts)
  const unseen = found.unseen.filter(({ memory }) => isWanted(memory, dated))
  const index = createIndex({ room: found.matches.length + unseen.length })
  const sample = sampleOf(index, dated, found.matches, unseen, found.isWhole)
  const ranked = rank(index, dated, sample)
  const wanted = new Set(ranked.map(({ id }) => id))
  const memories = new Map(unseen.map(({ memory }) => [memory.id, memory]))
  for (const memory of completeIn(found.matches, wanted)) memories.set(memory.id, memory)
  const partial = [...wanted].filter((id) => !memories.has(id))
  for (const [id, memory] of partial.length > 0 ? await reader.get(partial) : []) {
    memories.set(id, memory)
  }
  return ranked.flatMap(({ id, ...rest }) => {
    const memory = memories.get(id)
    return memory ? [{ memory, ...rest }] : [] // Deleted just now.
  })
}

interface SearchResult {
  readonly matches: readonly Match[]
  readonly unseen: readonly Unseen[]
  /** False where there is more than came back. */
  readonly isWhole: boolean
}

async function search(
  userId: UserId,
  query: RecallQuery,
  { reader, connection, statements, dimension, hasDisk, timeoutMs, onFound }: RecallParts,
): Promise<SearchResult> {
  const toUnseen = (rows: readonly Row[]) => rows.flatMap((row) => unseenOf(row, dimension) ?? [])
  try {
    const seen = await reader.query(
      {
        vector: query.embedding?.length === dimension ? query.embedding : undefined,
        sparse: sparseQuestion(query.text),
        topK: TOP_K,
        filter: filterOf(query),
      },
      { timeoutMs, retries: hasDisk ? 0 : 1 },
    )
    onFound(userId, seen.matches)
    return {
      matches: seen.matches,
      unseen: toUnseen(seen.unseen),
      isWhole: seen.all.length < TOP_K,
    }
  } catch (error) {
    if (!hasDisk) throw error
    const rows = await connection.read(() => statements.memories(userId))
    return { matches: [], unseen: toUnseen(rows), isWhole: true }
  }
}

function filterOf(query: RecallQuery): Filter {
  const { tags = [], period, text } = query
  const wanted: Filter[] = [{ reach: { $eq: 'recall' } }]
  if (tags.length > 0) wanted.push({ tags: { $in: [...tags] } })
  const words = period?.said === undefined ? text : text.replace(period.said, ' ')
  if (period !== undefined && terms(words).length === 0) {
    // It asks for a time and nothing else, which nearness would not find.
    wanted.push({ ts: { $gte: period.fromMs, $lt: period.toMs + TOLD_WITHIN_MS } })
  }
  return both(...wanted)
}

function unseenOf(row: Row, dimension: number): Unseen | undefined {
  const { memory } = row
  if (!memory) return undefined
  return {
    memory,
    vectors: vectorsOf(row, dimension),
    prevId: row.prev_id ?? undefined,
    prevVector: row.prev_vector ? fromBlob(row.prev_vector, dimension)[0] : undefined,
    last: row.last === 1,
  }
}

const isWanted = ({ reach, tags }: Memory, query: RecallQuery) =>
  reach === 'recall' &&
  (!query.tags || query.tags.length === 0 || tags.some((tag) => query.tags!.includes(tag)))

/** Of one passage, all that there is came back with it. */
function* completeIn(matches: readonly Match[], wanted: ReadonlySet<string>): Generator<Memory> {
  for (const { id: recordId, metadata } of matches) {
    const id = memoryIdOf(recordId)
    if (metadata['passages'] === 1 && wanted.has(id)) yield toMemory([metadata], id)
  }
}
