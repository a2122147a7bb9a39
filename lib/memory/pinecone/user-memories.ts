import { setTimeout as sleep } from 'node:timers/promises'
import { decodeCursor, encodeCursor, type Position } from '../cursor.ts'
import { idTime } from '../ids.ts'
import type { IndexOptions, MemoryIndex } from '../memory-index.ts'
import type { Memory, UserId } from '../memory.ts'
import type { Rank } from '../rank.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { UserMemories } from '../store.ts'
import type { Caches } from './caches.ts'
import type { Conversations } from './conversations.ts'
import type { Host } from './host.ts'
import type { Keeping } from '../sqlite/keeping.ts'
import { listConversations } from './list-conversations.ts'
import { END, type Reader } from './reader.ts'
import { recallThere } from './recall-there.ts'
import { checkFits } from './records.ts'
import type { Sender } from './sender.ts'
import { findSpeakers } from './speakers.ts'
import type { Row } from './memory-rows.ts'
import type { Statements } from './statements.ts'
import { NO_TURNS } from './summary.ts'
import { findTurn } from './turns.ts'
import { unavailable } from './unavailable.ts'
import { openWrites } from './writes.ts'

export interface UserMemoriesParts {
  readonly reader: Reader
  readonly host: Host
  readonly conversations: Conversations
  readonly keeping: Keeping
  readonly sender: Sender
  readonly caches: Caches
  readonly connection: Connection
  readonly statements: Statements
  readonly createIndex: (options?: IndexOptions) => MemoryIndex
  readonly rank: Rank
  readonly dimension: number
  /** False: nothing is acknowledged before Pinecone has it. */
  readonly hasDisk: boolean
  readonly timeoutMs: number
  readonly now: () => Date
  readonly onDeleted: () => void
  readonly onAdded: (userId: UserId, count: number) => void
}

const CLEAR_WAIT_MS = 2_000
/** More turns than any conversation has. */
const MOST_TURNS = 100_000

export function openUserMemories(userId: UserId, parts: UserMemoriesParts): UserMemories {
  const { reader, host, conversations, keeping, sender, caches, connection, statements } = parts
  const { dimension, hasDisk, now } = parts
  const writes = openWrites(userId, parts)

  async function newest(
    { limit, before = END }: { limit: number; before?: Position },
    filter: Parameters<Reader['newest']>[0]['filter'],
    fits: (memory: Memory) => boolean,
  ) {
    return reader.newest({ filter, fits, before, limit })
  }

  const memories: UserMemories = {
    ...keeping,
    save: (toSave) => writes.save(toSave),

    async updateTurn({ memory, vectors }, { mustExist = false, isRemakeable = false } = {}) {
      checkFits(memory, vectors, dimension)
      const message = memory.turn?.inReplyTo
      if (message !== undefined && !(await writes.bringHere(message))) return 'gone'
      const isThere = await writes.bringHere(memory.id)
      const befores = new Map<string, Row | undefined>()
      const write = isRemakeable ? 'writeUnsynced' : 'write'
      const isDone = await connection[write](() => {
        const row = host.row(userId, memory.id)
        if (message !== undefined && !host.row(userId, message)?.memory) return false
        if (mustExist && !row?.memory) return false
        writes.checkMessage(memory)
        befores.set(memory.id, row)
        host.put(userId, memory, { vectors })
        return true
      })
      if (!isDone) return 'gone'
      if (!isThere) parts.onAdded(userId, 1)
      return writes.written(befores)
    },

    async get(id) {
      return (await reader.get([id])).get(id)
    },

    async list({ limit, cursor, reach = 'listed' }) {
      const before = cursor === undefined ? END : decodeCursor(userId, cursor)
      const reaches = reach === 'listed' ? ['recall', 'list'] : ['history']
      const found = await newest(
        { limit: limit + 1, before },
        { reach: { $in: reaches } },
        (memory) => reaches.includes(memory.reach),
      )
      const page = found.slice(0, limit)
      const last = page.at(-1)
      return {
        memories: page,
        nextCursor:
          found.length > limit && last
            ? encodeCursor(userId, { tsMs: last.ts.getTime(), id: last.id })
            : undefined,
      }
    },

    async update(id, { text, tags, pinned, vectors }) {
      let edited: Memory | undefined
      const isDone = await writes.change(id, (memory) => {
        const isEdited = text !== undefined || tags !== undefined
        edited = {
          ...memory,
          text: text ?? memory.text,
          tags: tags ?? memory.tags,
          pinned: pinned ?? memory.pinned,
          editedAt: isEdited ? now() : memory.editedAt,
        }
        checkFits(edited, vectors, dimension)
        host.put(userId, edited, { vectors })
        if (edited.text !== memory.text) statements.countDeletion()
      })
      if (isDone) parts.onDeleted()
      return isDone ? edited : undefined
    },

    async delete(id) {
      const isDeleted = await writes.change(id, () => host.remove(userId, id))
      if (isDeleted) parts.onDeleted()
      return isDeleted
    },

    async deleteConversation(id) {
      const all = await newest(
        { limit: MOST_TURNS },
        { conversation_id: { $eq: id } },
        ({ conversationId }) => conversationId === id,
      )
      if (all.length === 0) return 0
      const befores = new Map<string, Row | undefined>()
      await connection.write(() => {
        befores.clear()
        for (const memory of all) {
          const row = host.row(userId, memory.id)
          befores.set(memory.id, row)
          if (!row?.memory) host.adopt(userId, { memory, last: true })
          host.remove(userId, memory.id, { isAlone: true })
        }
        host.summarise(userId, id, NO_TURNS)
      })
      caches.forgetConversation(userId, id)
      await writes.written(befores)
      parts.onDeleted()
      return all.length
    },

    async clear() {
      const ids = await reader.idsOf({ filter: {}, fits: () => true })
      await connection.write(() => host.clear(userId))
      caches.forget(userId)
      sender.wake()
      // So that whoever is told of it can be told that nothing is left; Pinecone being away, that comes later.
      const sending = sender.flush(userId)
      await (hasDisk ? Promise.race([sending.catch(() => {}), sleep(CLEAR_WAIT_MS)]) : sending)
      parts.onDeleted()
      return ids.size
    },

    async holdings() {
      const count = async (
        filter: Parameters<Reader['idsOf']>[0]['filter'],
        fits: Parameters<Reader['idsOf']>[0]['fits'],
      ) => (await reader.idsOf({ filter, fits })).size
      const [memories, vectors, lexical, replies] = await Promise.all([
        count({}, () => true),
        count({ embedded: { $eq: true } }, (_, row) => row.vectors !== null),
        count({ reach: { $eq: 'recall' } }, ({ reach }) => reach === 'recall'),
        count(
          { role: { $eq: 'assistant' }, message_id: { $exists: true } },
          ({ role, turn }) => role === 'assistant' && turn !== undefined,
        ),
      ])
      const rows = await connection.read(() => statements.memories(userId))
      const cache = rows.filter((row) => row.memory).length
      const clearing = await connection.read(() => statements.clear(userId))
      const isClearing = clearing !== undefined && clearing.sent_at < clearing.at
      const outbox = rows.filter((row) => row.sent_at < row.at).length + (isClearing ? 1 : 0)
      return { memories, vectors, lexical, replies, cache, outbox }
    },

    pinned: ({ limit }) =>
      caches.pinned(userId, limit, () =>
        newest(
          { limit },
          { pinned: { $eq: true }, reach: { $eq: 'recall' } },
          ({ pinned, reach }) => pinned && reach === 'recall',
        ),
      ),

    async conversation(id, { limit, before }) {
      const place = before === undefined ? END : await placeOf(before)
      if (!place) return []
      return caches.window(userId, id, { limit, before: place }, () =>
        newest(
          { limit, before: place },
          { conversation_id: { $eq: id } },
          ({ conversationId }) => conversationId === id,
        ),
      )
    },

    conversations: ({ limit }) => listConversations(userId, limit, { ...parts, conversations }),
    turn: (messageId) => findTurn(userId, messageId, parts),
    speakers: () => findSpeakers(userId, parts),

    async recall(query) {
      if (query.limit < 1) return []
      return recallThere(userId, query, {
        ...parts,
        onFound(_, matches) {
          caches.heard(userId, matches)
          sender.hurry()
        },
      })
    },
  }

  async function placeOf(id: string): Promise<Position | undefined> {
    const row = await connection.read(() => host.row(userId, id))
    if (row) return { tsMs: row.ts_ms, id }
    const memory = (await reader.get([id])).get(id)
    // Deleted since: an id tells its time.
    const at = memory?.ts ?? idTime(id)
    return at && { tsMs: at.getTime(), id }
  }

  return guarded(memories)
}

/** Every method, so that what the SDK throws reaches no caller as it is. */
function guarded(memories: UserMemories): UserMemories {
  const wrap =
    <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      try {
        return await work(...args)
      } catch (error) {
        throw unavailable(error)
      }
    }
  const entries = Object.entries(memories) as [string, (...args: unknown[]) => Promise<unknown>][]
  return Object.fromEntries(
    entries.map(([name, method]) => [name, wrap(method)]),
  ) as unknown as UserMemories
}
