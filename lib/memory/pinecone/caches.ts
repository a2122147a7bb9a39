import type { Position } from '../cursor.ts'
import type { Memory, UserId } from '../memory.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Row } from './memory-rows.ts'
import type { Statements } from './statements.ts'
import type { Match } from './user-records.ts'
import type { Visibility } from './visibility.ts'

/**
 * What this process remembers for some minutes, so that a turn of a chat asks Pinecone once. On a disk every write of the host
 * is in its file for at least as long, whichever process made it; without one nothing is remembered but who speaks.
 */
export interface Caches {
  readonly visibility: Visibility
  /** The last turns of a conversation, oldest first; `load` gives them newest first. */
  window(
    userId: UserId,
    conversationId: string,
    page: { limit: number; before: Position },
    load: () => Promise<Memory[]>,
  ): Promise<Memory[]>
  /** The pinned memories, newest first; `load` gives those of Pinecone. */
  pinned(userId: UserId, limit: number, load: () => Promise<Memory[]>): Promise<Memory[]>
  forgetConversation(userId: UserId, conversationId: string): void
  /** Names that recall came across. */
  heard(userId: UserId, matches: readonly Match[]): void
  speakers(userId: UserId): Set<string> | undefined
  setSpeakers(userId: UserId, names: readonly string[]): void
  forgetSpeakers(userId: UserId): void
  /** Nobody has said anything under this message id, as was just found out. */
  setAbsent(userId: UserId, messageId: string): void
  isAbsent(userId: UserId, messageId: string): boolean
  forget(userId: UserId): void
}

export interface CachesOptions {
  readonly visibility: Visibility
  readonly connection: Connection
  readonly statements: Statements
  readonly hasDisk: boolean
  /** Writes are kept in the file for so long. */
  readonly keepMs: number
}

interface Window {
  readonly newestFirst: readonly Memory[]
  /** Turns from here on are known, but for those that were written since. */
  readonly isComplete: boolean
  readonly untilMs: number
}

const MOST_WINDOWS = 500
const MOST_USERS = 5_000
const ABSENT_MS = 10_000

export function createCaches(options: CachesOptions): Caches {
  const { visibility, connection, statements, hasDisk, keepMs } = options
  const windows = new Map<string, Window>()
  const pins = new Map<UserId, Window>()
  const speakers = new Map<UserId, { names: Set<string>; untilMs: number }>()
  const absent = new Map<string, number>()

  async function window(
    userId: UserId,
    conversationId: string,
    { limit, before }: { limit: number; before: Position },
    load: () => Promise<Memory[]>,
  ): Promise<Memory[]> {
    const key = `${userId} ${conversationId}`
    const known = windows.get(key)
    const isFresh = known !== undefined && known.untilMs > performance.now()
    let older = isFresh ? known.newestFirst : undefined
    if (older) {
      const page = await merged(userId, conversationId, older, { limit, before })
      const isEnough = page.length >= limit || known!.isComplete
      // A page from further back may lack turns that were never loaded.
      if (isEnough && covers(older, page.slice(0, limit), known!.isComplete)) {
        return page.slice(0, limit).reverse()
      }
    }
    const startedAtMs = performance.now()
    try {
      older = await load()
    } catch (error) {
      if (!hasDisk) throw error
      // What the host has of it keeps a chat going.
      return (await merged(userId, conversationId, [], { limit, before })).slice(0, limit).reverse()
    }
    if (hasDisk) {
      remember(windows, key, MOST_WINDOWS, {
        newestFirst: older,
        isComplete: older.length < limit,
        untilMs: startedAtMs + keepMs / 2,
      })
    }
    return older.toReversed()
  }

  async function merged(
    userId: UserId,
    conversationId: string,
    older: readonly Memory[],
    { limit, before }: { limit: number; before: Position },
  ): Promise<Memory[]> {
    const rows = await connection.read(() => [
      ...statements.lastOfConversation(userId, conversationId, before.tsMs, before.id, limit),
      ...changesOf(userId, older),
    ])
    return overridden(older, rows).filter(
      ({ id, ts }) => comparePlaces({ tsMs: ts.getTime(), id }, before) < 0,
    )
  }

  async function pinned(
    userId: UserId,
    limit: number,
    load: () => Promise<Memory[]>,
  ): Promise<Memory[]> {
    const known = pins.get(userId)
    const isFresh = known !== undefined && known.untilMs > performance.now()
    if (!isFresh || !known.isComplete) {
      const startedAtMs = performance.now()
      try {
        const newestFirst = await load()
        if (!hasDisk) return newestFirst
        const isComplete = newestFirst.length < limit
        const untilMs = startedAtMs + keepMs / 2
        remember(pins, userId, MOST_USERS, { newestFirst, isComplete, untilMs })
        return newestFirst
      } catch (error) {
        if (!hasDisk) throw error
      }
    }
    const older = isFresh ? known.newestFirst : []
    const rows = await connection.read(() => [
      ...statements.pinned(userId),
      ...changesOf(userId, older),
    ])
    const all = overridden(older, rows)
    return all.filter(({ pinned, reach }) => pinned && reach === 'recall').slice(0, limit)
  }

  /** What has become of memories that Pinecone gave; nothing for those that nobody touched. */
  const changesOf = (userId: UserId, older: readonly Memory[]): Row[] =>
    older.flatMap(({ id }) => statements.memory(userId, id) ?? [])

  return {
    visibility,
    window,
    pinned,
    forgetConversation: (userId, id) => void windows.delete(`${userId} ${id}`),
    heard(userId, matches) {
      const known = speakers.get(userId)
      if (!known) return
      for (const { metadata } of matches) {
        if (metadata['speaker'] !== undefined) known.names.add(String(metadata['speaker']))
      }
    },
    speakers(userId) {
      const known = speakers.get(userId)
      return known && known.untilMs > performance.now() ? known.names : undefined
    },
    setSpeakers(userId, names) {
      const untilMs = performance.now() + keepMs
      remember(speakers, userId, MOST_USERS, { names: new Set(names), untilMs })
    },
    forgetSpeakers: (userId) => void speakers.delete(userId),
    setAbsent(userId, messageId) {
      remember(absent, `${userId} ${messageId}`, MOST_USERS, performance.now() + ABSENT_MS)
    },
    isAbsent: (userId, messageId) =>
      (absent.get(`${userId} ${messageId}`) ?? 0) > performance.now(),
    forget(userId) {
      speakers.delete(userId)
      pins.delete(userId)
      visibility.forget(userId)
      for (const key of windows.keys()) if (key.startsWith(`${userId} `)) windows.delete(key)
    },
  }
}

/** What Pinecone gave, as the host's own writes have changed it since; newest first. */
function overridden(older: readonly Memory[], rows: readonly Row[]): Memory[] {
  const byId = new Map(older.map((memory) => [memory.id, memory]))
  for (const { id, memory } of rows) {
    if (memory) byId.set(id, memory)
    else byId.delete(id)
  }
  return [...byId.values()].sort((a, b) =>
    comparePlaces({ tsMs: b.ts.getTime(), id: b.id }, { tsMs: a.ts.getTime(), id: a.id }),
  )
}

/** Whether no turn between the oldest of a page and the newest that was loaded can be missing. */
function covers(older: readonly Memory[], page: readonly Memory[], isComplete: boolean): boolean {
  const oldestLoaded = older.at(-1)
  const oldestShown = page.at(-1)
  if (isComplete || !oldestShown || !oldestLoaded) return isComplete
  return (
    comparePlaces(
      { tsMs: oldestLoaded.ts.getTime(), id: oldestLoaded.id },
      { tsMs: oldestShown.ts.getTime(), id: oldestShown.id },
    ) <= 0
  )
}

const comparePlaces = (a: Position, b: Position) =>
  a.tsMs - b.tsMs || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1)

/** The newest entries, at most so many. */
function remember<K, V>(map: Map<K, V>, key: K, most: number, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > most) map.delete(map.keys().next().value!)
}
