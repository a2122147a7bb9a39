import type { Period } from '../recall.ts'

/**
 * The turns a question is ranked among, as parallel columns: all of a user's, or what a remote index sent
 * back. Everything after the two searches works on this alone.
 */
export interface Population {
  readonly turns: number
  /** How many memories the user has, where the population is only a part of them. */
  readonly memories: number
  /** See the bits in columns.ts. A turn with neither `ALIVE` nor `ECHO` is not there, and `HIDDEN` ones are no answer. */
  readonly flags: Uint8Array
  readonly tsMs: Float64Array
  /** Number of the speaker, 0 for nobody. */
  readonly speaker: Int16Array
  /**
   * Neighbours in the same sitting: NONE at its edge; where there is one that is not in the population AWAY, or `past`
   * the nearest one that is.
   */
  readonly before: Int32Array
  readonly after: Int32Array
  /** Of the best passage, calibrated: 0 for what is not remarkable, else about 1 to 10. */
  readonly lexical: Float32Array
  /** The same of the vectors; undefined where the question or the turns have none. */
  readonly dense: Float32Array | undefined
  /** Share of the question's words that the turn holds, by how much each tells. */
  readonly coverage: Float32Array
  /** Cosine of the best passage; NaN where a turn has no vector. */
  readonly cosine: Float32Array | undefined
}

/** What the ranking knows of a question beyond its words and its vector. */
export interface Question {
  readonly atMs: number
  /** Number of the one speaker it names, 0 for none or several. */
  readonly named: number
  /** Whether a user and an assistant talk, and nobody has a name. */
  readonly chat: boolean
  /** Whether it names somebody or something of which this user never spoke. */
  readonly namesStranger: boolean
  /** Whether it is written without spaces, as Chinese is. */
  readonly isUnspaced: boolean
  /** The time it speaks of, when it does. */
  readonly period?: Period | undefined
  /** Whether it speaks of that time and of nothing else. */
  readonly isOfPeriodOnly: boolean
}
