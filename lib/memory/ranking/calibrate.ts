import { ALIVE, ECHO } from './columns.ts'

/** What scores look like before a user has said enough to tell. */
export interface Prior {
  readonly mean: number
  readonly deviation: number
}

/**
 * Cosines of a question to turns that have nothing to do with it. Measured on four sets of chats with the
 * static table and with all-MiniLM-L6-v2: means of .06 to .33, deviations of .10 to .11 for both.
 */
export const COSINE_PRIOR: Prior = { mean: 0.12, deviation: 0.1 }

/** So many imagined turns stand beside the real ones: with 5 turns the prior decides, with 500 it is forgotten. */
export const PRIOR_TURNS = 10

/**
 * Scores above their mean in units of their standard deviation; the rest are 0. So the words and the
 * vectors of a question, whose raw scores have nothing in common, can be added: an arm that finds nothing
 * remarkable adds nothing. Turns without a score (NaN) get 0 and do not count; an echo gets a score and
 * does not count.
 */
export function calibrated(scores: Float32Array, flags: Uint8Array, prior: Prior): Float32Array {
  const { mean, deviation } = moments(scores, flags, prior)
  return above(scores, flags, mean, deviation)
}

/**
 * Scores in units of their standard deviation, from 0: what the words get when they decide alone. The order
 * stays that of the raw scores, because cutting at the mean loses turns that only share a common word.
 */
export function scaled(scores: Float32Array, flags: Uint8Array, prior: Prior): Float32Array {
  return above(scores, flags, 0, moments(scores, flags, prior).deviation)
}

/**
 * How far below the mean of what a remote index found the mean of everything lies: its best 200 are no crowd to be
 * measured against. Shares of the mean and of the deviation; chosen on dev (docs/recall.md, "Over Pinecone").
 */
export interface SampleShift {
  readonly ofMean: number
  readonly ofDeviation: number
}

export const SAMPLED_WORDS: SampleShift = { ofMean: 0.5, ofDeviation: 0 }
export const SAMPLED_COSINES: SampleShift = { ofMean: 1, ofDeviation: 0.5 }

/** The same for what a remote index found. */
export function sampled(
  scores: Float32Array,
  flags: Uint8Array,
  { ofMean, ofDeviation }: SampleShift,
): Float32Array {
  const { mean, deviation } = moments(scores, flags, { mean: 0, deviation: 0 }, 0)
  return above(scores, flags, ofMean * mean - ofDeviation * deviation, deviation)
}

function above(
  scores: Float32Array,
  flags: Uint8Array,
  mean: number,
  deviation: number,
): Float32Array {
  const calibrated = new Float32Array(scores.length)
  if (!(deviation > 0)) return calibrated
  for (let turn = 0; turn < scores.length; turn++) {
    const score = (scores[turn]! - mean) / deviation
    if (score > 0 && (flags[turn]! & (ALIVE | ECHO)) !== 0) calibrated[turn] = score
  }
  return calibrated
}

/** Mean and standard deviation of the scores and the imagined ones. */
export function moments(
  scores: Float32Array,
  flags: Uint8Array,
  prior: Prior,
  imagined = PRIOR_TURNS,
): Prior {
  let count = imagined
  let sum = imagined * prior.mean
  let squares = imagined * (prior.mean ** 2 + prior.deviation ** 2)
  for (let turn = 0; turn < scores.length; turn++) {
    const score = scores[turn]!
    if ((flags[turn]! & ALIVE) === 0 || Number.isNaN(score)) continue
    count++
    sum += score
    squares += score * score
  }
  const mean = count > 0 ? sum / count : 0
  return { mean, deviation: Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean)) }
}
