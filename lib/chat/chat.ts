import type { Memory, UserId } from '../memory/memory.ts'
import type { Recalled } from '../memory/recall.ts'
import type { Saved } from '../memory/store.ts'
import type { Problem } from '../errors.ts'

/**
 * A conversation of one user with the model. A message is said once, however often it is sent; its reply is a
 * resource of its own that is made once and can be watched by many, now or later.
 */
export interface Chat {
  /**
   * Stores the message, unless a message with this id is stored already: then that one is what was said.
   * Rejects with a Problem 409 when the id stands for another message, and with a 503, before anything is stored, when
   * more answers are being made or waited for than may be. A place for the reply is kept for some seconds. Where whoever
   * says it waits for the reply anyway (`isAwaited`), it is embedded first and stored with its vectors.
   */
  say(userId: UserId, message: NewMessage, options?: SayOptions): Promise<Said>
  /**
   * The reply to a message: joins it where it is being made (here or in another process), replays it where
   * it was made, makes it where it was not. Yields `context` first and once, `text` as it comes (what is there already
   * as one piece), and `end` last. Ends at once, having yielded nothing, for an unknown message.
   */
  reply(userId: UserId, messageId: string, watcher: Watcher): AsyncIterable<ReplyEvent>
  /** Ends the making of a reply, here or in another process; what was said so far is kept. */
  stop(userId: UserId, messageId: string): Promise<void>
  /** Forgets the reply to a message, so that the next watcher has it made anew. False: no such message. */
  retry(userId: UserId, messageId: string): Promise<boolean>
  /**
   * To be called once something of the user was deleted: ends the replies being made whose message is gone, or what they
   * had said. Those in another process end by themselves within a second; none of them is stored any more.
   */
  forgetDeleted(userId: UserId): Promise<void>
  /** Resolves when no reply is being made any more and all that was said is remembered. */
  settled(): Promise<void>
}

export interface NewMessage {
  /** 1 to 4,000 characters, trimmed. */
  readonly text: string
  /** Made by the caller, so that a message sent twice is one; made here when undefined. */
  readonly messageId?: string | undefined
  readonly conversationId: string
  readonly tags?: readonly string[] | undefined
  /** How many memories to recall and how good they must be; the settings' values when undefined. */
  readonly topK?: number | undefined
  readonly scoreThreshold?: number | undefined
}

export interface SayOptions {
  /** Fires when whoever says it goes away. */
  readonly signal?: AbortSignal | undefined
  readonly isAwaited?: boolean
}

export interface Said {
  readonly message: Memory
  readonly messageId: string
  /** False when it was there already. */
  readonly isNew: boolean
}

export interface Watcher {
  /** Fires when the watcher goes away. */
  readonly signal: AbortSignal
  /** How long the reply may go on being made once nobody watches; 0 stops it with its last watcher. */
  readonly lingerMs: number
  /** Whether a reply that failed or was cut is made anew; else it is shown as it is, and `retry` asks for a new one. */
  readonly remakes: boolean
  readonly topK?: number | undefined
  readonly scoreThreshold?: number | undefined
}

export type ReplyEvent =
  | { readonly type: 'context'; readonly context: readonly Recalled[] }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end'; readonly outcome: Outcome }

/** How a reply ended. */
export interface Outcome {
  /** The answer as it is kept; its turn says the state, the usage and the latency. */
  readonly answer: Memory
  readonly context: readonly Recalled[]
  readonly saved: { readonly message: Saved; readonly reply: Saved | 'failed' | 'off' }
  /** What to tell whoever waits, where the reply failed. */
  readonly problem?: Problem | undefined
  /** Only where the reply was made in this call, not replayed. */
  readonly made?: Made | undefined
}

export interface Made {
  readonly embedMs: number
  readonly recallMs: number
  readonly firstTokenMs: number
  readonly memoriesStored: number
  /** Services that did not do their part on the way, such as the embedder: words alone then recalled. */
  readonly failures: readonly string[]
}
