import type { UserId } from '../memory.ts'
import type { PruneSource } from '../prune.ts'
import type { Connection } from './connection.ts'
import type { Statements } from './statements.ts'

export function createPruneSource(connection: Connection, statements: Statements): PruneSource {
  const ids = (userId: UserId, find: (userNo: number) => { id: string }[]) =>
    connection.read(() => {
      const user = statements.user(userId)
      return user ? find(user.user_no).map(({ id }) => id) : []
    })
  return {
    count: (userId) =>
      connection.read(() => {
        const user = statements.user(userId)
        return user ? statements.count(user.user_no)!.memories : 0
      }),
    oldest: (userId, limit) => ids(userId, (userNo) => statements.oldestUnpinned(userNo, limit)),
    olderThan: (userId, atMs) => ids(userId, (userNo) => statements.unpinnedBefore(userNo, atMs)),
    usersWithOlderThan: () =>
      connection.read(() => statements.userIds().map(({ user_id }) => user_id as UserId)),
  }
}
