/** What a generator is given; each driver writes it in the form its model wants. */
export interface Prompt {
  /** What the assistant is and how it treats memories. */
  readonly instructions: string
  /** What was recalled and is not already among the turns, most useful first. Data, never orders. */
  readonly memories: readonly PromptMemory[]
  /** The latest turns of this conversation, oldest first, without the message itself. */
  readonly turns: readonly PromptTurn[]
  readonly message: string
  /** When the message was said; dates are read against it. */
  readonly at: Date
}

export interface PromptMemory {
  readonly text: string
  readonly ts: Date
  readonly role: 'user' | 'assistant'
  readonly speaker?: string | undefined
  /** 0 to 1, from recall. */
  readonly score: number
  /** True when a newer memory replaces this one. */
  readonly superseded: boolean
}

export interface PromptTurn {
  readonly role: 'user' | 'assistant'
  readonly text: string
}
