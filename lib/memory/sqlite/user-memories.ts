import { decodeCursor, encodeCursor, type Position } from '../cursor.ts'
import { idTime } from '../ids.ts'
import type { UserId } from '../memory.ts'
import { withPeriod } from '../period.ts'
import type { StoredTurn, UserMemories } from '../store.ts'
import type { Connection } from './connection.ts'
import type { Eraser } from './eraser.ts'
import type { IndexCache } from './index-cache.ts'
import { keepInFile } from './keeping.ts'
import type { Ranking } from '../sqlite.ts'
import { type MemoryRow, toMemory } from './rows.ts'
import type { StagedFile } from './staged-file.ts'
import type { Statements, UserRow } from './statements.ts'
import type { Writer } from './writer.ts'

export interface UserMemoriesParts {
  readonly connection: Connection
  readonly statements: Statements
  readonly writer: Writer
  readonly indexes: IndexCache
  readonly eraser: Eraser
  readonly staged: StagedFile
  readonly ranking: Ranking
  readonly now: () => Date
  /** So many memories were added. */
  readonly onAdded?: ((userId: UserId, count: number) => void) | undefined
}

/** Behind every place in a list. */
const END: Position = { tsMs: Number.MAX_SAFE_INTEGER, id: '' }

export function openUserMemories(userId: UserId, parts: UserMemoriesParts): UserMemories {
  const { connection, statements, writer, indexes, eraser, staged, ranking, now } = parts

  /** Reads what belongs to the user; `none` for one of whom the file knows nothing. */
  const read = <T>(none: T, work: (user: UserRow) => T): Promise<T> =>
    connection.read(() => {
      const user = statements.user(userId)
      return user ? work(user) : none
    })

  /** Each memory that is written takes the next revision of its user. */
  function writing(user: UserRow, write: (nextRevision: () => number) => void): void {
    let { revision } = user
    write(() => ++revision)
    if (revision > user.revision) statements.setRevision(revision, user.user_no)
  }

  /** Deletes rows, and what of them is anywhere else; how many there were. */
  async function remove(deletion: (user: UserRow) => readonly string[]): Promise<number> {
    const { ids, removals } = await connection.write(() => {
      const user = statements.user(userId)
      const ids = user ? deletion(user) : []
      if (!user || ids.length === 0) return { ids, removals: 0 }
      staged.remove(userId, ids)
      eraser.count()
      return { ids, removals: statements.countRemoval(user.user_no)!.removals }
    })
    if (ids.length > 0) {
      indexes.remove(userId, ids, removals)
      eraser.wake()
    }
    return ids.length
  }

  function placeOf(user: UserRow, id: string): Position | undefined {
    const row = statements.memory(user.user_no, id)
    if (row) return { tsMs: row.ts_ms, id }
    // Deleted since: an id tells its time.
    const at = idTime(id)
    return at && { tsMs: at.getTime(), id }
  }

  return {
    async save(memories) {
      if (memories.length === 0) return 'stored'
      await connection.write(() => {
        const user = statements.user(userId) ?? statements.addUser(userId)!
        writing(user, (nextRevision) => {
          for (const toSave of memories) {
            if (statements.memoryNo(user.user_no, toSave.memory.id)) continue
            writer.add(user, nextRevision(), toSave)
          }
        })
      })
      parts.onAdded?.(userId, memories.length)
      return 'stored'
    },

    async updateTurn(toSave, { mustExist = false, isRemakeable = false } = {}) {
      const { memory, vectors } = toSave
      const message = memory.turn?.inReplyTo
      let isAdded = false
      const write = isRemakeable ? 'writeUnsynced' : 'write'
      const saved = await connection[write](() => {
        isAdded = false
        const known = statements.user(userId)
        const has = (id: string) => known && statements.memoryNo(known.user_no, id) !== undefined
        if (message !== undefined && !has(message)) return 'gone'
        if (mustExist && !has(memory.id)) return 'gone'
        const user = known ?? statements.addUser(userId)!
        const row = statements.memory(user.user_no, memory.id)
        writing(user, (nextRevision) => {
          if (row) writer.replace(row, nextRevision(), memory, vectors)
          else writer.add(user, nextRevision(), toSave)
        })
        if (!row) isAdded = true
        return 'stored' as const
      })
      if (isAdded) parts.onAdded?.(userId, 1)
      return saved
    },

    get: (id) =>
      read(undefined, (user) => {
        const row = statements.memory(user.user_no, id)
        return row && toMemory(row)
      }),

    async list({ limit, cursor, reach = 'listed' }) {
      const { tsMs, id } = cursor === undefined ? END : decodeCursor(userId, cursor)
      const pageOf = reach === 'listed' ? statements.page : statements.historyPage
      const rows = await read([], (user) => pageOf(user.user_no, tsMs, id, limit + 1))
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      const hasMore = rows.length > limit && last
      return {
        memories: page.map(toMemory),
        nextCursor: hasMore ? encodeCursor(userId, { tsMs: last.ts_ms, id: last.id }) : undefined,
      }
    },

    ownedByOthers: (ids) =>
      connection.read(
        () => new Set(ids.filter((id) => statements.isOwnedByOthers(id, userId) !== undefined)),
      ),

    async update(id, change) {
      const changed = await connection.write(() => {
        const user = statements.user(userId)
        const row = user && statements.memory(user.user_no, id)
        if (!user || !row) return undefined
        const memory = toMemory(row)
        const isEdited = change.text !== undefined || change.tags !== undefined
        const edited = {
          ...memory,
          text: change.text ?? memory.text,
          tags: change.tags ?? memory.tags,
          pinned: change.pinned ?? memory.pinned,
          editedAt: isEdited ? now() : memory.editedAt,
        }
        writing(user, (nextRevision) => writer.replace(row, nextRevision(), edited, change.vectors))
        const isErasing = edited.text !== row.text
        if (isErasing) {
          staged.overwrite(userId, id, edited.text)
          eraser.count()
        }
        return { edited, isErasing }
      })
      if (changed?.isErasing) eraser.wake()
      return changed?.edited
    },

    async delete(id) {
      const deleted = await remove(({ user_no }) =>
        statements.dropMemory(user_no, id) ? [id] : [],
      )
      return deleted > 0
    },

    deleteConversation: (id) =>
      remove(({ user_no }) => {
        const ids = statements.conversationIds(user_no, id).map((row) => row.id)
        if (ids.length > 0) statements.dropConversation(user_no, id)
        return ids
      }),

    async clear() {
      const deleted = await connection.write(() => {
        statements.dropAllExpiredLeases(now().getTime())
        const leases = statements.dropLeases(userId)
        staged.removeUser(userId)
        const user = statements.user(userId)
        if (user || leases > 0) eraser.count()
        if (!user) return 0
        const count = statements.dropMemories(user.user_no)
        statements.dropUser(user.user_no)
        return count
      })
      indexes.forget(userId)
      eraser.wake()
      return deleted
    },

    async holdings() {
      const none = { memories: 0, vectors: 0, lexical: 0, replies: 0 }
      const stored = await read(none, ({ user_no }) => statements.holdings(user_no)!)
      return { ...stored, cache: indexes.held(userId), outbox: 0 }
    },

    pinned: ({ limit }) =>
      read([], ({ user_no }) => statements.pinned(user_no, limit).map(toMemory)),

    conversation: (id, { limit, before }) =>
      read([], (user) => {
        const place = before === undefined ? END : placeOf(user, before)
        if (!place) return []
        const rows = statements.window(user.user_no, id, place.tsMs, place.id, limit)
        return rows.reverse().map(toMemory)
      }),

    conversations: ({ limit }) =>
      read([], ({ user_no }) =>
        statements.conversations(user_no, limit).map((row) => ({
          id: row.conversation_id,
          title: statements.title(user_no, row.conversation_id)!.text,
          turns: row.turns,
          newestAt: new Date(row.newest_ms),
          newestRole: statements.newestRole(user_no, row.conversation_id)!.role,
        })),
      ),

    turn: (messageId) =>
      read<StoredTurn>({}, ({ user_no }) => {
        const rows = statements.turn(user_no, messageId)
        const of = (role: MemoryRow['role']) => {
          const row = rows.find((row) => row.role === role)
          return row && toMemory(row)
        }
        return { message: of('user'), answer: of('assistant') }
      }),

    async speakers() {
      const index = await indexes.of(userId)
      return index?.speakers() ?? []
    },

    async recall(query) {
      if (query.limit < 1) return []
      const [index, dated] = await Promise.all([indexes.of(userId), withPeriod(query)])
      if (!index) return []
      return read([], ({ user_no }) =>
        ranking.rank(index, dated).flatMap(({ id, ...ranked }) => {
          const row = statements.memory(user_no, id)
          return row ? [{ memory: toMemory(row), ...ranked }] : [] // Deleted by another process just now.
        }),
      )
    },

    ...keepInFile(userId, parts),
  }
}
