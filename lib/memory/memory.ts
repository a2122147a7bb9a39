/** A user of the product, anonymous: `[A-Za-z0-9][A-Za-z0-9._@-]{0,63}`, checked at the edge. */
export type UserId = string & { readonly userId: unique symbol }

export type Role = 'user' | 'assistant'

/**
 * How far a memory reaches. `recall`: found by recall, listed and in the history. `list`: not found by recall
 * (an answer that only quotes memories is no new memory). `history`: only in its conversation
 * (answers where STORE_REPLIES is false, and answers that are still being made).
 */
export type Reach = 'recall' | 'list' | 'history'

/** One thing said, verbatim. A conversation is its memories in order; there is no second copy. */
export interface Memory {
  /** UUIDv7; its time is `ts`. */
  readonly id: string
  readonly role: Role
  readonly text: string
  readonly ts: Date
  /** Display name of who said it, for chats between several people. */
  readonly speaker?: string | undefined
  readonly tags: readonly string[]
  /** None for what was ingested alone: it is nobody's neighbour. */
  readonly conversationId?: string | undefined
  readonly source: 'chat' | 'ingest' | 'import'
  readonly reach: Reach
  /** Never pruned, always offered to the prompt. */
  readonly pinned: boolean
  readonly editedAt?: Date | undefined
  /** Only for what was said in a chat. */
  readonly turn?: Turn | undefined
}

/** What a chat turn has beyond other memories. */
export interface Turn {
  /** For a message the caller's own id of it, one turn however often it is sent; for an answer its message's. */
  readonly messageId: string
  /** Of an answer: the id of the memory that holds its message. */
  readonly inReplyTo?: string | undefined
  readonly state: TurnState
  /** Of an answer that failed: what its reader was told. */
  readonly failure?: string | undefined
  readonly usage?: { promptTokens: number; completionTokens: number; model: string } | undefined
  readonly latencyMs?: number | undefined
  /** What was recalled for it, in the order it was given. */
  readonly recalled?: readonly RecalledPair[] | undefined
}

/** `running` has a lease; `stopped` by its reader; `cut` by a restart or a deadline; `failed` by the model. */
export type TurnState = 'complete' | 'running' | 'stopped' | 'cut' | 'failed'

/** What was recalled for an answer, without its text: what is forgotten later is forgotten here too. */
export interface RecalledPair {
  readonly id: string
  readonly score: number
  readonly why?: Readonly<Record<string, number>> | undefined
  readonly supersededBy?: string | undefined
}
