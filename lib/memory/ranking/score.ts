import type { Population } from './population.ts'
import type { Relevance } from './relevance.ts'

export interface Scored {
  readonly turn: number
  readonly score: number
  readonly why: Record<string, number>
}

/** Log-odds of a turn of which nothing speaks. */
const BASE = -5
const OF_RELEVANCE = 1.4
const OF_COVERAGE = 0

/** The calibrated score of a turn and its parts, which add up to its log-odds. */
export function scoreOf(population: Population, relevance: Relevance, turn: number): Scored {
  const { lexical, dense, neighbour, factor } = relevance
  const bare = lexical[turn]! + dense[turn]! + neighbour[turn]!
  const worth = OF_RELEVANCE * Math.log1p(bare * factor[turn]!)
  const share = bare > 0 ? (OF_RELEVANCE * Math.log1p(bare)) / bare : 0
  const why = {
    base: BASE,
    lexical: share * lexical[turn]! + OF_COVERAGE * population.coverage[turn]!,
    dense: share * dense[turn]!,
    neighbour: share * neighbour[turn]!,
    speaker: worth - share * bare,
  }
  return { turn, why, score: scoreFrom(why) }
}

/** The score that its parts add up to. */
export function scoreFrom(why: Readonly<Record<string, number>>): number {
  let logOdds = 0
  for (const part of Object.values(why)) logOdds += part
  return 1 / (1 + Math.exp(-logOdds))
}
