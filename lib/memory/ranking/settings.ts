/** What can be switched off by name, to measure what it brings (docs/recall.md). */
export const LEVERS = [
  'dense',
  'blend',
  'feedback',
  'word-neighbours',
  'lending',
  'edges',
  'far',
  'named-speaker',
  'user-turns',
  'first-person',
  'questions',
  'recency',
  'dates',
  'successors',
] as const

export type Lever = (typeof LEVERS)[number]

/** Words that mean nearly the same, from a table that is there anyway. */
export interface WordNeighbours {
  /** Other words and their cosine to this lower-case one, nearest first; none for a word it does not know. */
  nearest(word: string): readonly { readonly word: string; readonly cosine: number }[]
}

export interface RankSettings {
  /** What a result must score where the question does not say. */
  readonly floor: number
  /** And which share of the best one's score. */
  readonly shareOfBest: number
  /** All results together hold at most so many tokens, of about four characters; the first always fits. */
  readonly tokenBudget: number
  /**
   * Cosine of texts that have nothing to do with each other, by this embedder; see `unrelatedCosineOf`. Only
   * whether a question is answered hangs on it, not the order of the answers.
   */
  readonly unrelatedCosine: number
  readonly recency?: Recency | undefined
  readonly without: ReadonlySet<Lever>
  readonly wordNeighbours?: WordNeighbours | undefined
}

export interface Recency {
  /** After so many days a memory has half the bonus of one made now. */
  readonly halfLifeDays: number
  readonly weight: number
}

/**
 * Floor and share: chosen on dev, where a floor of .1 gains a point of F1 and answers half of the strangers'
 * questions that .15 leaves empty, and shares of .4 to .6 are alike. The budget is what a prompt of 4,000
 * tokens can spare.
 */
export const DEFAULT_RANK_SETTINGS: RankSettings = {
  floor: 0.15,
  shareOfBest: 0.5,
  tokenBudget: 1_500,
  unrelatedCosine: 0.12,
  without: new Set(),
}

/**
 * By the name of an embedder. Measured for the built-in one and for all-MiniLM-L6-v2, whoever runs it; any
 * other counts as between the two.
 */
export function unrelatedCosineOf(embedderName: string | undefined): number {
  if (embedderName?.startsWith('static-minilm')) return 0.12
  return embedderName?.includes('all-MiniLM-L6-v2') ? 0 : 0.06
}
