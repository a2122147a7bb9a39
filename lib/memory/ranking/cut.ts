import type { RecallQuery } from '../recall.ts'
import type { Columns } from './columns.ts'
import type { Scored } from './score.ts'
import type { RankSettings } from './settings.ts'

/** Of English, by rule of thumb; a Chinese character is about one. */
const CHARACTERS_A_TOKEN = 4

/**
 * Those of the ranked that are worth a reader's time: by the query's own threshold, else at least the floor,
 * at least a share of the best, and all together within the token budget. Often nothing, and that is an
 * answer: nothing is remembered about it.
 */
export function cut(
  scored: readonly Scored[],
  { scoreThreshold }: RecallQuery,
  { floor, shareOfBest, tokenBudget }: RankSettings,
  { characters }: Pick<Columns, 'characters'>,
): Scored[] {
  if (scoreThreshold !== undefined) return scored.filter(({ score }) => score >= scoreThreshold)
  const least = Math.max(floor, shareOfBest * (scored[0]?.score ?? 0))
  let tokens = 0
  return scored.filter(({ turn, score }, place) => {
    if (score < least) return false
    const own = Math.ceil(characters[turn]! / CHARACTERS_A_TOKEN)
    if (place > 0 && tokens + own > tokenBudget) return false
    tokens += own
    return true
  })
}
