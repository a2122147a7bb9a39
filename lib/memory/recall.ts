import type { Memory } from './memory.ts'

export interface RecallQuery {
  readonly text: string
  /** Unit vector of `textToEmbed(text, speakers)`; undefined where there is none: the words alone then decide. */
  readonly embedding?: Float32Array | undefined
  /** When the question is asked; dates in it are read against this. */
  readonly at: Date
  /** At most so many memories; 0 gives none. */
  readonly limit: number
  /** Calibrated score a memory must have. Undefined: the default floor, share of the best and token budget. 0: the bare ranking. */
  readonly scoreThreshold?: number | undefined
  /** Only memories with any of these tags; empty or undefined: all. */
  readonly tags?: readonly string[] | undefined
  /** Ids that are never answered, such as the message itself. */
  readonly exclude?: readonly string[] | undefined
}

export interface Recalled {
  readonly memory: Memory
  /** 0 to 1; what it means is in docs/memory.md. */
  readonly score: number
  readonly why: Why
  /** Id of a newer memory that replaces this one. */
  readonly supersededBy?: string | undefined
}

/** The parts of a score; it recomputes from them (docs/memory.md). */
export type Why = Readonly<Record<string, number>>
