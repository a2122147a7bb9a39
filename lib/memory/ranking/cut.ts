import type { RecallQuery } from '../recall.ts'
import { ONLY_QUESTION, type Columns } from './columns.ts'
import type { Scored } from './score.ts'
import type { RankSettings } from './settings.ts'

/** Of English, by rule of thumb; a Chinese character is about one. */
const CHARACTERS_A_TOKEN = 4

/**
 * Those of the ranked that are worth a reader's time: by the query's own threshold, else at least the floor
 * and a share of the best. Often none, and that is an answer: nothing is remembered about it. A turn that only
 * asks tells nothing and is left out (of 2,400 results on dev 13 were such, 1 of them evidence), unless the
 * bare ranking is asked for.
 */
export function likely(
  ranked: readonly Scored[],
  flags: Uint8Array,
  { limit, scoreThreshold }: RecallQuery,
  { floor, shareOfBest }: RankSettings,
): Scored[] {
  if (scoreThreshold === 0) return ranked.slice(0, limit)
  const telling = ranked.filter(({ turn }) => (flags[turn]! & ONLY_QUESTION) === 0)
  const least = scoreThreshold ?? Math.max(floor, shareOfBest * (telling[0]?.score ?? 0))
  return telling.filter(({ score }) => score >= least).slice(0, limit)
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
