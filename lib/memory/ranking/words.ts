import type { Columns } from './columns.ts'
import { bestOfTurn, lexicalScores, withFeedback, type WeightedTerms } from './lexical.ts'
import type { RankSettings } from './settings.ts'
import { withWordNeighbours } from './word-neighbours.ts'

/** The lexical arm: BM25 of the question's words, of words near to them, and of those of its first hits. */
export function wordScores(
  columns: Columns,
  flags: Uint8Array,
  text: string,
  words: readonly string[],
  { wordNeighbours, without }: RankSettings,
): Float32Array {
  const known = words.flatMap((word) => columns.termOf.get(word) ?? [])
  let query: WeightedTerms = new Map(known.map((term) => [term, 1]))
  if (wordNeighbours && !without.has('word-neighbours')) {
    query = withWordNeighbours(columns, query, text, wordNeighbours)
  }
  let scores = lexicalScores(columns, query)
  if (!without.has('feedback')) {
    query = withFeedback(columns, flags, query, scores)
    scores = lexicalScores(columns, query)
  }
  return bestOfTurn(columns, scores)
}
