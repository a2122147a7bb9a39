import { stem } from '../stemmer.ts'
import type { Columns } from './columns.ts'
import { inverseFrequency, type WeightedTerms } from './lexical.ts'
import type { WordNeighbours } from './settings.ts'

/** What a word of the same meaning weighs beside the word itself, times its cosine. */
const NEIGHBOUR_WEIGHT = 0.4
/** Farther words are of the same field only: "dog" and "fish". */
const LEAST_COSINE = 0.5

/**
 * The question, and the words of this user that mean nearly the same: who asks about a "car" is shown the
 * "automobile". A frequent neighbour of a rare word weighs less, so that it cannot drown that word. Names
 * have no neighbours: "Paris" is not "Toulouse".
 */
export function withWordNeighbours(
  columns: Columns,
  query: WeightedTerms,
  text: string,
  neighbours: WordNeighbours,
): WeightedTerms {
  const widened = new Map(query)
  for (const word of commonWords(text)) {
    const own = inverseFrequency(columns, columns.termOf.get(stem(word)))
    for (const { word: other, cosine } of neighbours.nearest(word)) {
      const term = cosine < LEAST_COSINE ? undefined : columns.termOf.get(stem(other))
      if (term === undefined || query.has(term)) continue
      const rarity = Math.min(1, own / inverseFrequency(columns, term))
      const weight = NEIGHBOUR_WEIGHT * cosine * rarity
      if (weight > (widened.get(term) ?? 0)) widened.set(term, weight)
    }
  }
  return widened
}

/** The words of a text in lower case, without those that are written like a name in mid-sentence. */
function commonWords(text: string): Set<string> {
  const found = new Set<string>()
  for (const { 0: word, index } of text.matchAll(/[A-Za-z]{3,}/g)) {
    const opens = /(?:^|[.!?]\s*)$/.test(text.slice(0, index))
    if (opens || word === word.toLowerCase()) found.add(word.toLowerCase())
  }
  return found
}
