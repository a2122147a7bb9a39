import type { Population, Question } from './population.ts'

/**
 * Whether a question is one for this user at all, 0 to 1. The arms of a search are calibrated among the user's
 * own turns, so something always stands out, even of a stranger's question. What tells the two apart is
 * absolute: how much of the question a turn holds in words (words this user never used count in full), how near
 * one comes in meaning, and whether the question names somebody nobody here knows. On dev it tells own
 * questions from strangers' in 91 to 99 of 100 pairs (docs/recall.md).
 */
export function fitOf(
  { coverage, cosine }: Population,
  { namesStranger, isUnspaced }: Question,
  bestTurns: readonly number[],
  highestWorth: number,
  unrelatedCosine: number,
): number {
  let words = 0
  let meaning = 0
  for (const turn of bestTurns) {
    words = Math.max(words, coverage[turn]!)
    const near = cosine?.[turn] ?? 0
    if (near > meaning) meaning = near
  }
  // To an English vocabulary all Chinese texts are alike: where no memory shares a word, that says nothing.
  if (isUnspaced && !coverage.some((share) => share > 0)) meaning = 0
  const worth = Math.log1p(highestWorth)
  const stranger = namesStranger ? 2 : 0
  const sum = cosine
    ? -5.3 +
      3 * words +
      (5.3 * (meaning - unrelatedCosine)) / (1 - unrelatedCosine) +
      worth -
      stranger
    : -4.5 + 5 * words + 1.3 * worth - stranger
  return 1 / (1 + Math.exp(-sum))
}
