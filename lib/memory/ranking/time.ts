import type { Question } from './population.ts'
import type { RankSettings } from './settings.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

/**
 * `weight` for a memory of now, half of it after each half-life. Off by default: what somebody asks for is as
 * often old as new.
 */
export function recencyBonus(
  tsMs: number,
  { atMs }: Question,
  { recency, without }: RankSettings,
): number {
  if (recency === undefined || without.has('recency')) return 0
  const ageDays = Math.max(0, atMs - tsMs) / DAY_MS
  return recency.weight * 0.5 ** (ageDays / recency.halfLifeDays)
}

/** For what was said in the time that the question speaks of. Recall@10 +0.1 on locomo, F1 +0.5: few questions do. */
export function periodBonus(tsMs: number, question: Question, { without }: RankSettings): number {
  return !without.has('dates') && isInPeriod(tsMs, question) ? 1 : 0
}

/** Or shortly after, when people tell of it. */
export function isInPeriod(tsMs: number, { period }: Question): boolean {
  return period !== undefined && tsMs >= period.fromMs && tsMs < period.toMs + TOLD_WITHIN_MS
}

const TOLD_WITHIN_MS = 2 * DAY_MS
