import type { UserId } from '../memory.ts'
import type { Row } from './memory-rows.ts'

/** How far reads of Pinecone see its writes: each answer tells up to which log number. */
export interface Visibility {
  saw(userId: UserId, indexedLsn: number | undefined): void
  /** A write was given this number. One below what was seen: the namespace was deleted since, and counts anew. */
  wrote(userId: UserId, lsn: number | undefined): void
  /** The newest that is known of the user's namespace. */
  seen(userId: UserId): number | undefined
  /** Whether a read up to this number shows a row as it is. */
  isShown(row: Pick<Row, 'at' | 'sent_at' | 'lsn'>, indexedLsn: number | undefined): boolean
  forget(userId: UserId): void
}

/** Users who are remembered; of others the next answer tells. */
const MOST_USERS = 10_000

export function createVisibility(scopeOf: (userId: UserId) => string): Visibility {
  const newest = new Map<string, number>()
  return {
    saw(userId, indexedLsn) {
      if (indexedLsn === undefined) return
      const scope = scopeOf(userId)
      const known = newest.get(scope) ?? -1
      newest.delete(scope)
      newest.set(scope, Math.max(known, indexedLsn))
      if (newest.size > MOST_USERS) newest.delete(newest.keys().next().value!)
    },
    wrote(userId, lsn) {
      const scope = scopeOf(userId)
      const known = newest.get(scope)
      if (lsn !== undefined && known !== undefined && lsn <= known) newest.delete(scope)
    },
    seen: (userId) => newest.get(scopeOf(userId)),
    isShown: ({ at, sent_at, lsn }, indexedLsn) =>
      sent_at >= at && lsn !== null && indexedLsn !== undefined && lsn <= indexedLsn,
    forget: (userId) => void newest.delete(scopeOf(userId)),
  }
}
