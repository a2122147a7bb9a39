import type { UserId } from './memory.ts'
import type { UserMemories } from './store.ts'

/** How much is kept of each user; undefined: all of it. */
export interface Limits {
  readonly maxPerUser?: number | undefined
  readonly ttlDays?: number | undefined
}

/** What only the driver can tell. Pinned memories are in none of these but `count`. */
export interface PruneSource {
  /** Of all reaches. */
  count(userId: UserId): Promise<number>
  /** Ids of the oldest ones, oldest first. */
  oldest(userId: UserId, limit: number): Promise<readonly string[]>
  /** Ids of those from before this time. */
  olderThan(userId: UserId, atMs: number): Promise<readonly string[]>
  /** Users who may have such. */
  usersWithOlderThan(atMs: number): Promise<readonly UserId[]>
}

/** Deletes the oldest memories that are not pinned: of who has too many after a write, of everybody what is too old. */
export interface Pruner {
  /** So many were added; what is too many then is deleted in the background. */
  added(userId: UserId, count: number): void
  /** Looks at everybody; happens by itself at the start and every hour. */
  sweep(): Promise<void>
  close(): Promise<void>
}

export interface PrunerOptions {
  readonly limits: Limits
  readonly source: PruneSource
  readonly memoriesOf: (userId: UserId) => Pick<UserMemories, 'delete'>
  readonly now: () => Date
  /** How many more are deleted at once where each deletion costs, so that the next ones wait. Default 0. */
  readonly spare?: ((maxPerUser: number) => number) | undefined
}

const SWEEP_MS = 60 * 60 * 1_000
const DAY_MS = 24 * 60 * 60 * 1_000
const MOST_USERS = 10_000

export function createPruner(options: PrunerOptions): Pruner {
  const { limits, source, memoriesOf, now, spare = () => 0 } = options
  const { maxPerUser, ttlDays } = limits
  /** How many a user has at most, as far as it is known; of others it is counted at their next write. */
  const counts = new Map<UserId, number>()
  const working = new Map<UserId, Promise<void>>()
  let isClosed = false

  async function deleteAll(userId: UserId, ids: readonly string[]): Promise<void> {
    const memories = memoriesOf(userId)
    for (const id of ids) {
      if (isClosed) return
      await memories.delete(id)
    }
  }

  async function shrink(userId: UserId, most: number): Promise<void> {
    while ((counts.get(userId) ?? Infinity) > most) {
      if (isClosed) return
      const count = await source.count(userId)
      remember(userId, count)
      if (count <= most) return
      const ids = await source.oldest(userId, count - most + spare(most))
      await deleteAll(userId, ids)
      if (ids.length === 0) return // All of them are pinned.
      counts.delete(userId)
    }
  }

  function remember(userId: UserId, count: number): void {
    counts.delete(userId)
    counts.set(userId, count)
    if (counts.size > MOST_USERS) counts.delete(counts.keys().next().value!)
  }

  async function sweep(): Promise<void> {
    if (ttlDays === undefined) return
    const atMs = now().getTime() - ttlDays * DAY_MS
    for (const userId of await source.usersWithOlderThan(atMs)) {
      if (isClosed) return
      await deleteAll(userId, await source.olderThan(userId, atMs))
    }
  }

  const sweepQuietly = () => void sweep().catch(() => {}) // The store tells of its own faults; the next round tries again.
  const sweeping = ttlDays === undefined ? undefined : setInterval(sweepQuietly, SWEEP_MS).unref()
  if (ttlDays !== undefined) sweepQuietly()

  return {
    sweep,
    added(userId, count) {
      if (maxPerUser === undefined || count === 0) return
      const known = counts.get(userId)
      if (known !== undefined) remember(userId, known + count)
      if (known !== undefined && known + count <= maxPerUser) return
      const before = working.get(userId) ?? Promise.resolve()
      const work: Promise<void> = before
        .then(() => shrink(userId, maxPerUser))
        .catch(() => void counts.delete(userId))
        .finally(() => {
          if (working.get(userId) === work) working.delete(userId)
        })
      working.set(userId, work)
    },
    async close() {
      isClosed = true
      clearInterval(sweeping)
      await Promise.all(working.values())
    },
  }
}
