import type { MemoryIndex } from './memory-index.ts'
import { namedSpeaker, type RecallQuery, type Why } from './recall.ts'
import { calibrated } from './ranking/calibrate.ts'
import { ALIVE, type Columns } from './ranking/columns.ts'
import { denseScores, passageCosines } from './ranking/dense.ts'
import { bestOfTurn, coverage, lexicalScores, withFeedback } from './ranking/lexical.ts'
import type { Population, Question } from './ranking/population.ts'
import { relevanceOf } from './ranking/relevance.ts'
import { DEFAULT_RANK_SETTINGS, type RankSettings } from './ranking/settings.ts'
import { scoreOf, type Scored } from './ranking/score.ts'
import { terms } from './terms.ts'

export interface Ranked {
  readonly id: string
  /** 0 to 1; what it means is in docs/memory.md. */
  readonly score: number
  readonly why: Why
  /** Id of a newer memory that replaces this one. */
  readonly supersededBy?: string | undefined
}

export type Rank = (index: MemoryIndex, query: RecallQuery) => Ranked[]

/** Best first, already cut, and only what the query's tags and excluded ids allow. */
export const rank: Rank = createRank()

export function createRank(changes: Partial<RankSettings> = {}): Rank {
  const settings = { ...DEFAULT_RANK_SETTINGS, ...changes }
  return (index, query) => {
    const { columns } = index
    if (query.limit <= 0 || columns.alive === 0) return []
    const found = terms(query.text)
    const flags = answerable(columns, query)
    const population = populationOf(columns, flags, query, found, settings)
    const relevance = relevanceOf(population, questionOf(columns, query), settings)
    return best(columns, flags, query, (turn) => scoreOf(population, relevance, turn))
      .filter(({ score }) => score >= (query.scoreThreshold ?? settings.floor))
      .map(({ turn, score, why }) => ({ id: columns.ids[turn]!, score, why }))
  }
}

/** The turns' flags, those of excluded turns cleared: they must not weigh in the calibration either. */
function answerable(columns: Columns, query: RecallQuery): Uint8Array {
  const flags = columns.flags.slice(0, columns.slots)
  for (const id of query.exclude ?? []) {
    const slot = columns.slotOf.get(id)
    if (slot !== undefined) flags[slot] = 0
  }
  return flags
}

function populationOf(
  columns: Columns,
  flags: Uint8Array,
  query: RecallQuery,
  words: readonly string[],
  settings: RankSettings,
): Population {
  const distinct = [...new Set(words)]
  const dense = denseArm(columns, query, settings)
  const numbers = distinct.flatMap((word) => columns.termOf.get(word) ?? [])
  let weighted: ReadonlyMap<number, number> = new Map(numbers.map((term) => [term, 1]))
  let scores = lexicalScores(columns, weighted)
  if (!settings.without.has('feedback')) {
    weighted = withFeedback(columns, weighted, scores, FEEDBACK_WEIGHT)
    scores = lexicalScores(columns, weighted)
  }
  const lexical = bestOfTurn(columns, scores)
  return {
    turns: columns.slots,
    flags,
    tsMs: columns.tsMs,
    speaker: columns.speaker,
    before: columns.before,
    after: columns.after,
    lexical: dense ? calibrated(lexical, flags) : lexical,
    dense: dense && calibrated(dense.blended, flags),
    cosine: dense?.own,
    coverage: coverage(columns, distinct),
  }
}

const FEEDBACK_WEIGHT = 0.2

/** Undefined where the words alone decide: no vectors, or too few of the user's turns have one. */
function denseArm(columns: Columns, { embedding }: RecallQuery, { without }: RankSettings) {
  if (embedding?.length !== columns.dimension || without.has('dense')) return undefined
  if (columns.vectors < columns.alivePassages / 2) return undefined
  return denseScores(columns, passageCosines(columns, embedding), !without.has('blend'))
}

function questionOf(columns: Columns, { text, at }: RecallQuery): Question {
  const speakers = columns.speakerNames.filter((_, number) => columns.speakerTurns[number]! > 0)
  const named = namedSpeaker(text, speakers)
  return {
    atMs: at.getTime(),
    named: named === undefined ? 0 : columns.speakerNames.indexOf(named) + 1,
    chat: speakers.length === 0,
  }
}

/** The best turns, ties to the newer. */
function best(
  columns: Columns,
  flags: Uint8Array,
  query: RecallQuery,
  score: (turn: number) => Scored,
): Scored[] {
  const wanted = new Set(query.tags)
  const candidates: Scored[] = []
  for (let turn = 0; turn < columns.slots; turn++) {
    if ((flags[turn]! & ALIVE) === 0) continue
    if (wanted.size > 0 && !columns.tags.get(turn)?.some((tag) => wanted.has(tag))) continue
    candidates.push(score(turn))
  }
  return candidates
    .sort((a, b) => b.score - a.score || columns.tsMs[b.turn]! - columns.tsMs[a.turn]!)
    .slice(0, query.limit)
}
