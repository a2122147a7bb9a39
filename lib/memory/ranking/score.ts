import type { Why } from '../recall.ts'
import { ALIVE, ECHO, HIDDEN } from './columns.ts'
import { bestTurns } from './best-turns.ts'
import { fitOf } from './fit.ts'
import type { Population, Question } from './population.ts'
import type { Relevance } from './relevance.ts'
import type { RankSettings } from './settings.ts'
import { periodBonus, recencyBonus } from './time.ts'

/**
 * The score is `fit / (1 + e^-sum)`, `sum` being all other parts together: how likely it is that the question
 * needs this memory. What the parts are is in docs/memory.md.
 */
export function scoreFrom(why: Why): number {
  let sum = 0
  for (const [name, part] of Object.entries(why)) if (name !== 'fit') sum += part
  return (why['fit'] ?? 1) / (1 + Math.exp(-sum))
}

/*
 * Fitted on five sets of chats of 4 to 2,500 turns, with two embedders and without any, to what the questions
 * need and to questions of strangers (docs/recall.md). Each fit alone came out within a tenth of these.
 */

/** Log-odds of any one of 300 memories of which nothing speaks. */
const BASE = -7.4
/** The more memories, the more of them look right by chance. */
const OF_MEMORIES = -0.7
const OF_WORTH = 1.25
/** What stands far behind the best is seldom needed as well. */
const OF_SHARE = 3.25

export interface Scored {
  readonly turn: number
  readonly score: number
  readonly why: Why
}

/** The `count` best turns that may be answered, best first, ties to the newer. */
export function bestScored(
  population: Population,
  relevance: Relevance,
  question: Question,
  settings: RankSettings,
  count: number,
): Scored[] {
  const { turns, flags, tsMs } = population
  const { worth } = relevance
  const isCandidate = (turn: number) =>
    (flags[turn]! & (ALIVE | ECHO)) !== 0 && (flags[turn]! & HIDDEN) === 0

  let highest = 0
  for (let turn = 0; turn < turns; turn++) {
    if (worth[turn]! > highest && isCandidate(turn)) highest = worth[turn]!
  }
  const base = BASE + OF_MEMORIES * Math.log(Math.max(1, population.memories) / 300)
  const gain = (w: number) => (w > 0 ? OF_WORTH * Math.log1p(w) + (OF_SHARE * w) / highest : 0)

  const sums = new Float64Array(turns).fill(-Infinity)
  for (let turn = 0; turn < turns; turn++) {
    if (!isCandidate(turn)) continue
    const bonus = recencyBonus(tsMs[turn]!, question, settings)
    sums[turn] = base + gain(worth[turn]!) + bonus + periodBonus(tsMs[turn]!, question, settings)
  }
  const best = bestTurns(sums, tsMs, Math.max(count, TURNS_OF_FIT))
  const fit = fitOf(population, question, best.slice(0, TURNS_OF_FIT), highest)
  return best.slice(0, count).map((turn) => {
    const why = { fit, base, ...partsOf(turn) }
    return { turn, why, score: scoreFrom(why) }
  })

  function partsOf(turn: number): Record<string, number> {
    const lexical = relevance.lexical[turn]!
    const dense = relevance.dense?.[turn] ?? 0
    const neighbour = relevance.neighbour[turn]!
    const bare = lexical + dense + neighbour
    // The gain is not linear: each part gets its share of what they gain together.
    const each = bare > 0 ? gain(bare) / bare : 0
    return {
      lexical: each * lexical,
      dense: each * dense,
      neighbour: each * neighbour,
      speaker: gain(worth[turn]!) - each * bare,
      recency: recencyBonus(tsMs[turn]!, question, settings),
      period: periodBonus(tsMs[turn]!, question, settings),
    }
  }
}

/** So many of the best turns say whether the question is one for this user. */
const TURNS_OF_FIT = 10
