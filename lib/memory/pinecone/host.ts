import type { Memory, UserId } from '../memory.ts'
import { fromBlob, toBlob } from '../sqlite/rows.ts'
import { passageCount } from './records.ts'
import type { Row } from './memory-rows.ts'
import type { Statements } from './statements.ts'
import { added, edited, removed, type Summary } from './summary.ts'

/**
 * What the host knows of one user's memories beside Pinecone: writes on their way, and recent ones. All of it runs in
 * a transaction of its caller.
 */
export interface Host {
  row(userId: UserId, id: string): Row | undefined
  rows(userId: UserId): Row[]
  /** Inserts or replaces a memory. Vectors that are not given are kept while the text is the same. */
  put(userId: UserId, memory: Memory, change: Change): void
  /** Gives the memory of a row vectors, unless it was written again since. */
  embed(row: Row, vectors: readonly Float32Array[]): void
  /** Takes over what Pinecone has of a memory, so that a change of it is made here and sent. */
  adopt(userId: UserId, adopted: Adopted): void
  /** False when it was deleted already. `isAlone`: its neighbours go with it. */
  remove(userId: UserId, id: string, options?: { isAlone: boolean }): boolean
  /** Says what a conversation is now. */
  summarise(userId: UserId, conversationId: string, summary: Summary): void
  /** Deletes all there is and will be seen of what was written until now. */
  clear(userId: UserId): void
  /** Puts a row back as it was, or away where there was none, unless it was written again since `at`. */
  undo(userId: UserId, id: string, at: number, before: Row | undefined): void
}

export interface Change {
  readonly vectors?: readonly Float32Array[] | undefined
  /** As `Row.is_new`. */
  readonly isNew?: number
}

/** A memory as Pinecone has it. */
export interface Adopted {
  readonly memory: Memory
  /** Its values there, one a record: its vectors, blended with the turn before already. Undefined: none. */
  readonly values?: readonly Float32Array[] | undefined
  readonly prevId?: string | undefined
  readonly last: boolean
}

export interface HostParts {
  readonly statements: Statements
  readonly now: () => Date
}

export function createHost({ statements, now }: HostParts): Host {
  const tick = () => statements.tick(now().getTime())!.at

  const bare = (userId: UserId, memory: Memory) => ({
    user_id: userId,
    id: memory.id,
    ...columnsOf(memory),
    vectors: null,
    at: 0,
    sent_at: 0,
    lsn: null,
    touched_ms: 0,
    records: passageCount(memory.text),
    is_own: 1,
    is_new: 0,
    refusal: null,
    to_link: 0,
    linked: 0,
    prev_id: null,
    prev_vector: null,
    last: 1,
  })

  /** Keeps the conversation's summary in step, where it is known; otherwise it is found out when it is needed. */
  function summarise(
    userId: UserId,
    conversationId: string | undefined,
    at: number,
    change: (summary: Summary) => Summary | undefined,
    isRemoval = false,
  ): void {
    if (conversationId === undefined) return
    const known = statements.conversation(userId, conversationId)
    const changed = known?.summary && change(known.summary)
    const isMiscounted = known?.is_miscounted === 1 || isRemoval || known?.summary !== undefined
    statements.putConversation({
      user_id: userId,
      conversation_id: conversationId,
      summary: changed,
      is_miscounted: changed === undefined && isMiscounted ? 1 : 0,
      head: known?.head,
      head_vector: known?.head_vector ?? null,
      at,
      touched_ms: now().getTime(),
    })
  }

  /** As it stands in Pinecone. */
  function sentNow() {
    const at = tick()
    return { at, sent_at: at }
  }

  return {
    row: (userId, id) => statements.memory(userId, id),
    rows: (userId) => statements.memories(userId),

    put(userId, memory, { vectors, isNew = 0 }) {
      const before = statements.memory(userId, memory.id)
      const old = before?.memory
      const isSameText = old?.text === memory.text
      const blob = vectors && vectors.length > 0 ? toBlob(vectors) : null
      const kept = isSameText && vectors === undefined
      const isUnmoved = kept && old.reach === memory.reach && before!.to_link === 0
      const at = tick()
      statements.put({
        ...(before ?? bare(userId, memory)),
        ...columnsOf(memory),
        vectors: kept ? before!.vectors : blob,
        // Values from Pinecone were blended with the turn before; new ones are blended anew.
        prev_vector: kept ? before!.prev_vector : null,
        at,
        touched_ms: now().getTime(),
        records: Math.max(before?.records ?? 0, passageCount(memory.text)),
        is_new: before?.is_new ?? isNew,
        refusal: null,
        to_link: isUnmoved || !(isLinkable(memory) || before?.linked === 1) ? 0 : 1,
      })
      const { conversationId } = memory
      if (!old) summarise(userId, conversationId, at, added(memory))
      else if (conversationId !== old.conversationId) throw new Error('A turn never moves.')
      else {
        // A summary that is only in Pinecone may have the old text as its title.
        const isTitled = old.text !== memory.text && memory.role === 'user' && before.sent_at > 0
        summarise(userId, conversationId, at, edited(old, memory), isTitled)
      }
    },

    embed({ user_id, id, at }, vectors) {
      const row = statements.memory(user_id, id)
      if (row?.at !== at || !row.memory) return
      const isLinked = isLinkable(row.memory)
      statements.put({ ...row, vectors: toBlob(vectors), at: tick(), to_link: isLinked ? 1 : 0 })
    },

    adopt(userId, { memory, values, prevId, last }) {
      if (statements.memory(userId, memory.id)) return
      statements.put({
        ...bare(userId, memory),
        vectors: values ? toBlob(values) : null,
        ...sentNow(),
        touched_ms: now().getTime(),
        lsn: 0,
        is_own: 0,
        linked: isLinkable(memory) ? 1 : 0,
        prev_id: prevId ?? null,
        last: last ? 1 : 0,
      })
    },

    summarise(userId, conversationId, summary) {
      statements.putConversation({
        user_id: userId,
        conversation_id: conversationId,
        summary,
        is_miscounted: 0,
        head: undefined,
        head_vector: null,
        at: tick(),
        touched_ms: now().getTime(),
      })
    },

    remove(userId, id, { isAlone } = { isAlone: false }) {
      const row = statements.memory(userId, id)
      const memory = row?.memory
      if (!memory) return false
      const at = tick()
      statements.put({
        ...row,
        memory: undefined,
        vectors: null,
        message_id: null,
        pinned: 0,
        speaker: null,
        at,
        touched_ms: now().getTime(),
        is_new: 0,
        refusal: null,
        to_link: isAlone ? 0 : row.linked,
        linked: isAlone ? 0 : row.linked,
      })
      statements.countDeletion()
      summarise(userId, memory.conversationId, at, removed(memory), true)
      return true
    },

    clear(userId) {
      statements.dropAll(userId)
      statements.dropConversations(userId)
      statements.dropLeases(userId)
      statements.putClear(userId, tick(), now().getTime())
      statements.countDeletion()
    },

    undo(userId, id, at, before) {
      const row = statements.memory(userId, id)
      if (row?.at !== at) return
      if (before) statements.put(before)
      else statements.drop(userId, id)
      // Whatever the summary says now, Pinecone knows.
      const conversation = row.conversation_id
      const known =
        conversation === null ? undefined : statements.conversation(userId, conversation)
      if (known) {
        statements.putConversation({
          ...known,
          summary: undefined,
          is_miscounted: 1,
          at: tick(),
          touched_ms: now().getTime(),
        })
      }
    },
  }

  function columnsOf(memory: Memory) {
    return {
      ts_ms: memory.ts.getTime(),
      reach: memory.reach,
      role: memory.role,
      conversation_id: memory.conversationId ?? null,
      message_id: memory.turn?.messageId ?? null,
      pinned: memory.pinned ? 1 : 0,
      speaker: memory.speaker ?? null,
      memory,
    }
  }
}

/** Only what recall may find, in a conversation, has neighbours. */
export const isLinkable = ({ reach, conversationId }: Memory) =>
  reach === 'recall' && conversationId !== undefined

export function vectorsOf(
  row: Pick<Row, 'vectors'>,
  dimension: number,
): Float32Array[] | undefined {
  return row.vectors ? fromBlob(row.vectors, dimension) : undefined
}
