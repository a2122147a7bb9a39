import type { MemoryIndex } from './memory-index.ts'
import { namedSpeaker, type RecallQuery, type Why } from './recall.ts'
import {
  calibrated,
  COSINE_PRIOR,
  sampled,
  SAMPLED_COSINES,
  SAMPLED_WORDS,
  scaled,
} from './ranking/calibrate.ts'
import { type Columns, HIDDEN } from './ranking/columns.ts'
import { likely, withinBudget } from './ranking/cut.ts'
import { type DenseScores, denseScores, passageCosines } from './ranking/dense.ts'
import { markEchoes } from './ranking/echo.ts'
import { coverage, lexicalPrior } from './ranking/lexical.ts'
import type { Population, Question } from './ranking/population.ts'
import { relevanceOf, type Relevance } from './ranking/relevance.ts'
import { type Scored, type Scores, scoresOf } from './ranking/score.ts'
import { DEFAULT_RANK_SETTINGS, type RankSettings } from './ranking/settings.ts'
import { namesStranger } from './ranking/strangers.ts'
import { type Placed, withSuccessors } from './ranking/succession.ts'
import { successorsOf } from './ranking/successors.ts'
import { wordScores } from './ranking/words.ts'
import { isUnspaced, terms } from './terms.ts'

export interface Ranked {
  readonly id: string
  /** 0 to 1; what it means is in docs/memory.md. */
  readonly score: number
  readonly why: Why
  /** Id of a newer memory that replaces this one. */
  readonly supersededBy?: string | undefined
}

/** With a `sample`, the index holds only what a remote one sent back for the question. */
export type Rank = (index: MemoryIndex, query: RecallQuery, sample?: Sample) => Ranked[]

/** What a remote index found: turns without their vectors, but with their scores. */
export interface Sample {
  /** By slot of the index; undefined where the question had no vector. */
  readonly dense: DenseScores | undefined
  /** Of how many memories it is a part; undefined where it is all of them. */
  readonly of: number | undefined
}

/** Best first, already cut, and only what the query's tags and excluded ids allow. */
export const rank: Rank = createRank()

export function createRank(changes: Partial<RankSettings> = {}): Rank {
  const settings = { ...DEFAULT_RANK_SETTINGS, ...changes }
  return (index, query, sample) => {
    const { columns } = index
    if (query.limit <= 0 || columns.alive === 0) return []
    const population = populationOf(columns, query, settings, sample)
    const question = questionOf(columns, query)
    const relevance = relevanceOf(population, question, settings.without)
    const scores = scoresOf(population, relevance, question, settings)
    const ranked = scores.best(2 * query.limit + SPARE).map(scores.explain)
    const hits = likely(ranked, population.flags, query, settings)
    const placed = placeSuccessors(columns, query, population, relevance, scores, hits, settings)
    return withinBudget(placed.slice(0, query.limit), query, settings, columns).map(
      ({ turn, score, why, supersededBy }) => ({
        id: columns.ids[turn]!,
        score,
        why,
        ...(supersededBy !== undefined && { supersededBy: columns.ids[supersededBy]! }),
      }),
    )
  }
}

/** What only asks is left out of the ranked, so some more of them are looked at than are wanted. */
const SPARE = 10

/** So many of the ranked turns are looked at as successors of a hit. */
const SUCCESSOR_CANDIDATES = 50
/** A hit below this is too unlikely for its successors to matter. */
const LEAST_SCORE_TO_SUCCEED = 0.1

function placeSuccessors(
  columns: Columns,
  query: RecallQuery,
  { flags }: Population,
  { worth }: Relevance,
  scores: Scores,
  hits: readonly Scored[],
  { without }: RankSettings,
): Placed[] {
  if (without.has('successors') || !hits.some(isWorthSucceeding)) return [...hits]
  const words = wordsOf(query)
  const ranked = scores.best(SUCCESSOR_CANDIDATES)
  const successors = (hit: Scored) =>
    isWorthSucceeding(hit) ? successorsOf(columns, flags, worth, words, hit.turn, ranked) : []
  return withSuccessors(hits, successors, scores.explain)
}

function isWorthSucceeding({ score }: Scored): boolean {
  return score >= LEAST_SCORE_TO_SUCCEED
}

/** The whole of a user's turns, searched by words and by vectors; or the part of them that a remote index found. */
export function populationOf(
  columns: Columns,
  query: RecallQuery,
  settings: RankSettings,
  sample?: Sample,
): Population {
  const words = wordsOf(query)
  const covered = coverage(columns, words)
  const dense = sample
    ? settings.without.has('dense')
      ? undefined
      : sample.dense
    : denseArm(columns, query, settings)
  const flags = flagsFor(columns, query)
  markEchoes(columns, flags, words.length, covered, dense?.own)
  const lexical = wordScores(columns, flags, query.text, words, settings)
  const prior = lexicalPrior(columns, words)
  const isPart = sample?.of !== undefined
  return {
    turns: columns.slots,
    memories: sample?.of ?? columns.alive,
    flags,
    tsMs: columns.tsMs,
    speaker: columns.speaker,
    before: columns.before,
    after: columns.after,
    lexical: !dense
      ? scaled(lexical, flags, prior)
      : isPart
        ? sampled(lexical, flags, SAMPLED_WORDS)
        : calibrated(lexical, flags, prior),
    dense:
      dense &&
      (isPart
        ? sampled(dense.blended, flags, SAMPLED_COSINES)
        : calibrated(dense.blended, flags, COSINE_PRIOR)),
    coverage: covered,
    cosine: dense?.own,
  }
}

/** Undefined where the words alone decide: no vectors, or too few of the user's turns have one. */
function denseArm(columns: Columns, { embedding }: RecallQuery, { without }: RankSettings) {
  if (embedding?.length !== columns.dimension || without.has('dense')) return undefined
  if (columns.vectors < columns.alivePassages / 2) return undefined
  return denseScores(columns, passageCosines(columns, embedding), !without.has('blend'))
}

/** Excluded turns are as if they were not there: they must not weigh in the calibration either. */
function flagsFor(columns: Columns, { exclude = [], tags = [] }: RecallQuery): Uint8Array {
  const flags = columns.flags.slice(0, columns.slots)
  for (const id of exclude) {
    const slot = columns.slotOf.get(id)
    if (slot !== undefined) flags[slot] = 0
  }
  if (tags.length > 0) {
    for (let turn = 0; turn < flags.length; turn++) {
      if (!columns.tags.get(turn)?.some((tag) => tags.includes(tag))) flags[turn]! |= HIDDEN
    }
  }
  return flags
}

export function questionOf(columns: Columns, query: RecallQuery): Question {
  const { text, at, period } = query
  const speakers = columns.speakerNames.filter((_, number) => columns.speakerTurns[number]! > 0)
  const named = namedSpeaker(text, speakers)
  return {
    atMs: at.getTime(),
    named: named === undefined ? 0 : columns.speakerNames.indexOf(named) + 1,
    chat: speakers.length === 0,
    namesStranger: namesStranger(columns, text),
    isUnspaced: isUnspaced(text),
    period,
    isOfPeriodOnly: period !== undefined && wordsOf(query).length === 0,
  }
}

/** The distinct terms of a question, without the words of its date that find nothing. */
function wordsOf({ text, period }: RecallQuery): string[] {
  return [...new Set(terms(period?.said === undefined ? text : text.replace(period.said, ' ')))]
}
