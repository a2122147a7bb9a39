import type { Why } from '../recall.ts'
import { ALIVE, ECHO, HIDDEN } from './columns.ts'
import { bestTurns } from './best-turns.ts'
import { fitOf } from './fit.ts'
import type { Population, Question } from './population.ts'
import type { Relevance } from './relevance.ts'
import type { RankSettings } from './settings.ts'
import { isInPeriod, periodBonus, recencyBonus } from './time.ts'

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

/** What a question's turns score, computed for all, explained for those who are asked about. */
export interface Scores {
  /** The `count` best turns that may be answered, best first, ties to the newer. */
  readonly best: (count: number) => number[]
  readonly explain: (turn: number) => Scored
}

export function scoresOf(
  population: Population,
  relevance: Relevance,
  question: Question,
  settings: RankSettings,
): Scores {
  if (question.isOfPeriodOnly) return scoresOfPeriod(population, relevance, question)
  const { turns, flags, tsMs } = population
  const { worth } = relevance
  let highest = 0
  for (let turn = 0; turn < turns; turn++) {
    if (worth[turn]! > highest && isCandidate(flags[turn]!)) highest = worth[turn]!
  }
  const base = BASE + OF_MEMORIES * Math.log(Math.max(1, population.memories) / 300)
  const gain = (w: number) => (w > 0 ? OF_WORTH * Math.log1p(w) + (OF_SHARE * w) / highest : 0)

  const sums = new Float64Array(turns).fill(-Infinity)
  for (let turn = 0; turn < turns; turn++) {
    if (!isCandidate(flags[turn]!)) continue
    const bonus = recencyBonus(tsMs[turn]!, question, settings)
    sums[turn] = base + gain(worth[turn]!) + bonus + periodBonus(tsMs[turn]!, question, settings)
  }
  const bestFew = bestTurns(sums, tsMs, TURNS_OF_FIT)
  const fit = fitOf(population, question, bestFew, highest, settings.unrelatedCosine)

  function explain(turn: number): Scored {
    const lexical = relevance.lexical[turn]!
    const dense = relevance.dense?.[turn] ?? 0
    const neighbour = relevance.neighbour[turn]!
    const bare = lexical + dense + neighbour
    // The gain is not linear: each part gets its share of what they gain together.
    const each = bare > 0 ? gain(bare) / bare : 0
    const why = {
      fit,
      base,
      lexical: each * lexical,
      dense: each * dense,
      neighbour: each * neighbour,
      speaker: gain(worth[turn]!) - each * bare,
      recency: recencyBonus(tsMs[turn]!, question, settings),
      period: periodBonus(tsMs[turn]!, question, settings),
    }
    return { turn, why, score: scoreFrom(why) }
  }

  return { best: (count) => bestTurns(sums, tsMs, count), explain }
}

/**
 * "What did I do last week?" asks for a time and for nothing in it: everything said in that time answers it as
 * well, what the user stated a little better than the rest.
 */
function scoresOfPeriod(population: Population, { factor }: Relevance, question: Question): Scores {
  const { flags, tsMs } = population
  const sums = new Float64Array(population.turns).fill(-Infinity)
  for (let turn = 0; turn < sums.length; turn++) {
    if (isCandidate(flags[turn]!) && isInPeriod(tsMs[turn]!, question)) {
      sums[turn] = Math.log(factor[turn]!)
    }
  }
  return {
    best: (count) => bestTurns(sums, tsMs, count),
    explain(turn) {
      const why = { fit: 1, base: 0, speaker: sums[turn]! }
      return { turn, why, score: scoreFrom(why) }
    },
  }
}

function isCandidate(flags: number): boolean {
  return (flags & (ALIVE | ECHO)) !== 0 && (flags & HIDDEN) === 0
}

/** So many of the best turns say whether the question is one for this user. */
const TURNS_OF_FIT = 10
