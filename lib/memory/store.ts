import type { Memory, Role, UserId } from './memory.ts'
import type { Recalled, RecallQuery } from './recall.ts'

/** Everyone's memories, reached one user at a time. */
export interface MemoryStore {
  readonly driver: 'sqlite' | 'pinecone'
  forUser(userId: UserId): UserMemories
  /** Cheap and without cost: from recent traffic, or a probe that costs nothing. Never rejects. */
  status(): Promise<StoreStatus>
  /**
   * Whether what was deleted is gone from free space, logs and buffers too; with `mark`, what was deleted before that
   * mark was taken, whatever has been since. It happens by itself, within a minute.
   */
  isErased(mark?: number): Promise<boolean>
  /** Stands for all deletions so far. Absent where the store cannot tell one from another. */
  erasureMark?(): Promise<number>
  /** Everything acknowledged is durable before this resolves; nothing but this can be called afterwards. */
  close(): Promise<void>
}

export interface StoreStatus {
  readonly status: 'ok' | 'degraded' | 'error'
  readonly detail?: string | undefined
}

/** `pending`: durable here, not yet where it will live. Both survive a crash. */
export type Saved = 'stored' | 'pending'

/**
 * One user's memories. No method takes a user id, so no caller can forget to filter by it.
 * Every method rejects with `StoreUnavailableError` when the store does not answer; nothing is half done.
 */
export interface UserMemories {
  /**
   * Saves all or none; resolves once they are durable. A memory whose id is there already is left as it is,
   * so a repeated save changes nothing. Rejects with a Problem 409 when a message id stands for another message,
   * whoever's it is. `vectors` holds one unit vector for each passage of the text
   * (lib/memory/passages.ts); undefined where no embedder made them yet: such a memory is found by its words.
   */
  save(memories: readonly MemoryToSave[]): Promise<Saved>
  /**
   * Replaces what a turn says and its state; the text of an answer grows while it is made. Writes nothing and resolves
   * to `gone` for an answer whose message is deleted and, with `mustExist`, for a turn that is not there: what a user
   * deletes while it is being answered does not come back. With `isRemakeable`, for vectors of what is saved already, it
   * survives the end of this process but may be lost with the machine.
   */
  updateTurn(
    memory: MemoryToSave,
    options?: { mustExist?: boolean; isRemakeable?: boolean },
  ): Promise<Saved | 'gone'>
  get(id: string): Promise<Memory | undefined>
  /**
   * Newest first: those of reach `recall` and `list` or, where asked for, those of reach `history`. `cursor` comes from
   * the page before; a foreign one is a Problem 422.
   */
  list(page: {
    limit: number
    cursor?: string | undefined
    reach?: 'listed' | 'history'
  }): Promise<Page>
  /**
   * Those of the ids that stand for another user's memories. Absent where users are kept apart in a way that the same id
   * in two places does no harm, and cannot be looked for.
   */
  ownedByOthers?(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Changes what is given and re-indexes it; undefined when there is no such memory. A pin is no edit. */
  update(id: string, change: MemoryChange): Promise<Memory | undefined>
  /** True when it was there. */
  delete(id: string): Promise<boolean>
  /** Deletes all memories of a conversation; how many there were. */
  deleteConversation(conversationId: string): Promise<number>
  /** Deletes every memory of this user, vectors included; how many there were. No error when there are none. */
  clear(): Promise<number>
  /** What is kept of this user, wherever it is. */
  holdings(): Promise<Holdings>
  /** The pinned memories of reach `recall`, newest first. */
  pinned(page: { limit: number }): Promise<Memory[]>

  /**
   * The last `limit` turns of a conversation, oldest first, all reaches. With `before`, those before that memory: where it is
   * deleted, before the time in its id.
   */
  conversation(
    id: string,
    window: { limit: number; before?: string | undefined },
  ): Promise<Memory[]>
  /** All conversations, the one with the newest turn first. The title is the first message, or the first memory where there is none. */
  conversations(page: { limit: number }): Promise<ConversationSummary[]>
  /** The message and the answer that carry this message id, where there are any. */
  turn(messageId: string): Promise<StoredTurn>

  /** The named people whose words are here; recall takes the one a question names out of its embedding. */
  speakers(): Promise<readonly string[]>
  /** Best first, cut as the query says; empty is a good answer. Never holds an id in `query.exclude`. */
  recall(query: RecallQuery): Promise<Recalled[]>

  /**
   * Takes or renews the right to do something (`key`) for `ms`. True for one holder at a time, in all
   * processes that share the store; a holder that dies loses it when the time is over.
   */
  lease(key: string, holder: string, ms: number): Promise<boolean>
  release(key: string, holder: string): Promise<void>
  /**
   * Keeps `value` under `key` for `ms`, unless a value stands there already; the one that stands now. Of many who
   * ask at once, in all processes that share the store, all are told the same. Goes with the user's memories.
   */
  keep(key: string, value: string, ms: number): Promise<string>
  /** What stands under `key`, as long as its time is not over. */
  kept(key: string): Promise<string | undefined>
}

export interface StoredTurn {
  readonly message?: Memory | undefined
  readonly answer?: Memory | undefined
  /** The ids of these two that are on their way still; undefined where nothing ever is. */
  readonly pending?: readonly string[] | undefined
}

export interface MemoryToSave {
  readonly memory: Memory
  readonly vectors?: readonly Float32Array[] | undefined
}

export interface MemoryChange {
  readonly text?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly pinned?: boolean | undefined
  /** Of the new text. */
  readonly vectors?: readonly Float32Array[] | undefined
}

export interface Holdings {
  /** Of all reaches. */
  readonly memories: number
  /** Memories that have vectors. */
  readonly vectors: number
  /** Memories whose words can be found. */
  readonly lexical: number
  /** Memories held in this process, beside where they live. */
  readonly cache: number
  /** Memories that are on their way to where they will live. */
  readonly outbox: number
  /** Answers kept for history and replay. */
  readonly replies: number
}

export interface Page {
  readonly memories: Memory[]
  readonly nextCursor: string | undefined
}

export interface ConversationSummary {
  readonly id: string
  /** The first message, whole; whoever shows it cuts it. */
  readonly title: string
  readonly turns: number
  readonly newestAt: Date
  readonly newestRole: Role
}
