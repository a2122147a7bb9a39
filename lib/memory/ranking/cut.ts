import type { RecallQuery } from '../recall.ts'
import type { Columns } from './columns.ts'
import type { Scored } from './score.ts'
import type { RankSettings } from './settings.ts'

/** Of English, by rule of thumb; a Chinese character is about one. */
const CHARACTERS_A_TOKEN = 4

/**
 * Those of the ranked that are worth a reader's time: by the query's own threshold, else at least the floor
 * and a share of the best. Often none, and that is an answer: nothing is remembered about it.
 */
export function likely(
  ranked: readonly Scored[],
  { scoreThreshold }: RecallQuery,
  { floor, shareOfBest }: RankSettings,
): Scored[] {
  const least = scoreThreshold ?? Math.max(floor, shareOfBest * (ranked[0]?.score ?? 0))
  return ranked.filter(({ score }) => score >= least)
}

/** As many of them, in order, as the token budget holds; the first always fits. A threshold lifts the budget. */
export function withinBudget<T extends Scored>(
  results: readonly T[],
  { scoreThreshold }: RecallQuery,
  { tokenBudget }: RankSettings,
  { characters }: Pick<Columns, 'characters'>,
): T[] {
  if (scoreThreshold !== undefined) return [...results]
  let tokens = 0
  return results.filter(({ turn }, place) => {
    const own = Math.ceil(characters[turn]! / CHARACTERS_A_TOKEN)
    if (place > 0 && tokens + own > tokenBudget) return false
    tokens += own
    return true
  })
}
