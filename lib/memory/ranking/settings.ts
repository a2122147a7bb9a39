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
  readonly recency?: Recency | undefined
  readonly without: ReadonlySet<Lever>
  readonly wordNeighbours?: WordNeighbours | undefined
}

export interface Recency {
  /** After so many days a memory has half the bonus of one made now. */
  readonly halfLifeDays: number
  readonly weight: number
}

export const DEFAULT_RANK_SETTINGS: RankSettings = {
  floor: 0.15,
  shareOfBest: 0.5,
  tokenBudget: 1_500,
  without: new Set(),
}
