import type { CallTerms } from '../../upstream/upstream-fetch.ts'
import type { Position } from '../cursor.ts'
import type { Memory, UserId } from '../memory.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Adopted } from './host.ts'
import type { Row } from './memory-rows.ts'
import { memoryIdOf, type Metadata, recordId, toMemory } from './records.ts'
import type { Statements } from './statements.ts'
import type { Filter, Match, UserRecords } from './user-records.ts'
import type { Visibility } from './visibility.ts'

/** One user's memories as they are: what Pinecone shows, and what the host knows better while the index lags. */
export interface Reader {
  /** By id, whole. */
  get(ids: readonly string[]): Promise<Map<string, Memory>>
  /** As Pinecone has it, with its values and where it stands. */
  stored(id: string): Promise<Adopted | undefined>
  /**
   * The newest memories behind a place that fit, newest first, at least `limit` of them where there are so many. The
   * filter and `fits` say the same.
   */
  newest(query: NewestQuery): Promise<Memory[]>
  /** Ids of all memories that fit. */
  idsOf(query: MemoryQuery): Promise<Set<string>>
  /** Matches that are still there, each of the newest writing that anyone knows of. */
  query(query: Parameters<UserRecords['query']>[0], terms?: CallTerms): Promise<Seen>
  /** What the host has of the user and Pinecone does not show yet, deletions included. */
  unseen(indexedLsn: number | undefined): Promise<Row[]>
}

export interface MemoryQuery {
  readonly filter: Filter
  readonly fits: (memory: Memory, row: Row) => boolean
}

export interface NewestQuery extends MemoryQuery {
  readonly before: Position
  readonly limit: number
}

export interface Seen {
  /** As they came, what is gone or written anew since among them. */
  readonly all: readonly Match[]
  readonly matches: readonly Match[]
  readonly unseen: readonly Row[]
}

export interface ReaderParts {
  readonly records: UserRecords
  readonly connection: Connection
  readonly statements: Statements
  readonly visibility: Visibility
}

/** Behind every place in a list. */
export const END: Position = { tsMs: Number.MAX_SAFE_INTEGER, id: '~' }

/** Answers may hold 4 MB, and a passage with all beside it some 10 KB. */
const WITH_TEXT = 250
const MOST_WITH_TEXT = 1_000
const IDS_ALONE = 10_000

const FIRST_PASSAGE = { passage: { $eq: 0 } }

export function openReader(userId: UserId, parts: ReaderParts): Reader {
  const { records, connection, statements, visibility } = parts

  async function query(
    wanted: Parameters<UserRecords['query']>[0],
    terms?: CallTerms,
  ): Promise<Seen> {
    const since = await connection.read(() => statements.clear(userId)?.at)
    // What was written before all was deleted may still be shown for a while.
    const filter = since === undefined ? wanted.filter : both(wanted.filter, { at: { $gt: since } })
    // What was shown before is shown now; what another answer shows meanwhile may not be in this one.
    const before = visibility.seen(userId) ?? -1
    const { matches, indexedLsn } = await records.query({ ...wanted, filter }, terms)
    visibility.saw(userId, indexedLsn)
    const unseen = await unseenRows(Math.max(before, indexedLsn ?? -1))
    const replaced = new Set(unseen.map(({ id }) => id))
    const shown = matches.filter(({ id }) => !replaced.has(memoryIdOf(id)))
    return { all: matches, matches: shown, unseen }
  }

  function unseenRows(indexedLsn: number | undefined): Promise<Row[]> {
    return connection.read(() => statements.unseen(userId, indexedLsn ?? -1))
  }

  /** The texts of memories of several passages: Pinecone shows only the passage that was asked for. */
  async function whole(firsts: readonly { id: string; metadata: Metadata }[]): Promise<Memory[]> {
    const rest = firsts.flatMap(({ id, metadata }) => {
      const count = Number(metadata['passages'] ?? 1)
      const memoryId = memoryIdOf(id)
      return Array.from({ length: count - 1 }, (_, at) => recordId(userId, memoryId, at + 1)!)
    })
    const fetched = await records.fetch(rest)
    return firsts.flatMap(({ id, metadata }) => {
      const memoryId = memoryIdOf(id)
      const all = [metadata]
      for (let at = 1; at < Number(metadata['passages'] ?? 1); at++) {
        const record = fetched.get(recordId(userId, memoryId, at)!)
        if (!record) return [] // It is being deleted just now.
        all.push(record.metadata)
      }
      return [toMemory(all, memoryId)]
    })
  }

  /** Memories of a time from Pinecone, as many as fit into one answer; undefined where there are more. */
  async function between(filter: Filter, fromMs: number | undefined, toMs: number, topK: number) {
    const time = { ts: { ...(fromMs !== undefined && { $gte: fromMs }), $lte: toMs } }
    const seen = await query({ topK, filter: both(filter, FIRST_PASSAGE, time) })
    return { ...seen, isFull: seen.all.length >= topK }
  }

  /**
   * Pinecone has no order but nearness: so a stretch of time is asked for that holds no more than an answer does. Of a
   * stretch that holds more, the sample that came back tells where a shorter one begins.
   */
  async function newestThere(filter: Filter, before: Position, limit: number) {
    const found: { id: string; metadata: Metadata }[] = []
    const topK = Math.min(Math.max(WITH_TEXT, 2 * limit + 2), MOST_WITH_TEXT)
    let toMs = before.tsMs
    let fromMs: number | undefined
    for (;;) {
      const { all, matches, isFull } = await between(filter, fromMs, toMs, topK)
      const times = all.map(({ metadata }) => Number(metadata['ts'])).sort((a, b) => b - a)
      if (isFull) {
        const middle = times[Math.min(limit, times.length >> 1)]!
        if (middle > times.at(-1)! && (fromMs === undefined || middle > fromMs)) {
          fromMs = middle
          continue
        }
        // More of one time than an answer holds: their ids tell their order.
        found.push(...(await ofOneTime(filter, times[0]!, before, limit)))
        toMs = times[0]! - 1
      } else {
        found.push(...matches)
        if (fromMs === undefined) break
        toMs = fromMs - 1
      }
      const behind = found.filter(({ id, metadata }) => isBehind(metadata, id, before))
      if (behind.length >= limit) break
      fromMs = undefined
    }
    return found
      .filter(({ id, metadata }) => isBehind(metadata, id, before))
      .sort((a, b) => newestFirst(placeOf(a), placeOf(b)))
  }

  async function ofOneTime(filter: Filter, tsMs: number, before: Position, limit: number) {
    const { matches } = await query({
      topK: IDS_ALONE,
      filter: both(filter, FIRST_PASSAGE, { ts: { $eq: tsMs } }),
      includeMetadata: false,
    })
    const ids = matches
      .map(({ id }) => id)
      .filter((id) => tsMs < before.tsMs || memoryIdOf(id) < before.id)
      .sort((a, b) => (memoryIdOf(a) < memoryIdOf(b) ? 1 : -1))
      .slice(0, limit)
    const fetched = await records.fetch(ids)
    return [...fetched].map(([id, { metadata }]) => ({ id, metadata }))
  }

  /** Ids by halves of time until each half fits into one answer. */
  async function idsThere(filter: Filter, fromMs: number, toMs: number): Promise<string[]> {
    const { matches } = await query({
      topK: IDS_ALONE,
      filter: both(filter, FIRST_PASSAGE, { ts: { $gte: fromMs, $lte: toMs } }),
      includeMetadata: false,
    })
    const ids = matches.map(({ id }) => memoryIdOf(id))
    if (ids.length < IDS_ALONE || fromMs >= toMs) return ids
    const middle = Math.floor((fromMs + toMs) / 2)
    const halves = [idsThere(filter, fromMs, middle), idsThere(filter, middle + 1, toMs)]
    return (await Promise.all(halves)).flat()
  }

  return {
    query,
    unseen: unseenRows,

    async get(ids) {
      const found = new Map<string, Memory>()
      const since = await connection.read(() => statements.clear(userId)?.at ?? -1)
      const seen = visibility.seen(userId)
      const missing: string[] = []
      await connection.read(() => {
        for (const id of new Set(ids)) {
          const row = statements.memory(userId, id)
          if (!row || visibility.isShown(row, seen)) {
            if (recordId(userId, id) !== undefined) missing.push(id)
            continue
          }
          if (row.memory) found.set(id, row.memory)
        }
      })
      const firsts = await records.fetch(missing.map((id) => recordId(userId, id)!))
      const there = [...firsts]
        .map(([id, { metadata }]) => ({ id, metadata }))
        .filter(({ metadata }) => Number(metadata['at']) > since)
      for (const memory of await whole(there)) found.set(memory.id, memory)
      return found
    },

    async stored(id) {
      const firstId = recordId(userId, id)
      if (firstId === undefined) return undefined
      const since = await connection.read(() => statements.clear(userId)?.at ?? -1)
      const first = (await records.fetch([firstId])).get(firstId)
      if (!first || Number(first.metadata['at']) <= since) return undefined
      const count = Number(first.metadata['passages'] ?? 1)
      const ids = Array.from({ length: count - 1 }, (_, at) => recordId(userId, id, at + 1)!)
      const rest = await records.fetch(ids)
      const all = [first, ...ids.flatMap((each) => rest.get(each) ?? [])]
      if (all.length < count) return undefined // It is being deleted just now.
      const { embedded, prev, last } = first.metadata
      const texts = all.map(({ metadata }) => metadata)
      return {
        memory: toMemory(texts, id),
        values: embedded === true ? all.map(({ values }) => Float32Array.from(values)) : undefined,
        prevId: prev === undefined ? undefined : String(prev),
        last: last === true,
      }
    },

    async newest({ filter, fits, before, limit }) {
      const there = await newestThere(filter, before, limit)
      // After the answers of Pinecone, so that what was written meanwhile is not missed.
      const rows = await unseenRows(visibility.seen(userId))
      const hidden = new Set(rows.map(({ id }) => id))
      const here = rows.flatMap((row) => {
        const { memory } = row
        return memory && fits(memory, row) ? memory : []
      })
      const behind = here.filter(
        ({ id, ts }) => newestFirst(before, { tsMs: ts.getTime(), id }) < 0,
      )
      const shown = there.filter(({ id }) => !hidden.has(memoryIdOf(id)))
      const places = [
        ...behind.map((memory) => ({ tsMs: memory.ts.getTime(), id: memory.id, memory })),
        ...shown.map((match) => ({ ...placeOf(match), match })),
      ]
      places.sort(newestFirst)
      const page = places.slice(0, limit)
      const matches = page.flatMap((place) => ('match' in place ? [place.match] : []))
      const memories = new Map((await whole(matches)).map((memory) => [memory.id, memory]))
      return page.flatMap((place) =>
        'memory' in place ? [place.memory] : (memories.get(place.id) ?? []),
      )
    },

    async idsOf({ filter, fits }) {
      const ids = new Set(await idsThere(filter, -LAST_MS, LAST_MS))
      for (const row of await unseenRows(visibility.seen(userId))) {
        if (row.memory && fits(row.memory, row)) ids.add(row.id)
        else ids.delete(row.id)
      }
      return ids
    },
  }
}

/** Times in JavaScript reach as far from 1970. */
const LAST_MS = 8_640_000_000_000_000

export const both = (...filters: readonly Filter[]): Filter => {
  const some = filters.filter((filter) => Object.keys(filter).length > 0)
  return some.length === 1 ? some[0]! : { $and: some }
}

const placeOf = ({ id, metadata }: { id: string; metadata: Metadata }): Position => ({
  tsMs: Number(metadata['ts']),
  id: memoryIdOf(id),
})

const newestFirst = (a: Position, b: Position) =>
  b.tsMs - a.tsMs || (a.id === b.id ? 0 : a.id < b.id ? 1 : -1)

const isBehind = (metadata: Metadata, id: string, before: Position) =>
  newestFirst(before, placeOf({ id, metadata })) < 0
