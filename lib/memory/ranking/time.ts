import type { Question } from './population.ts'
import type { RankSettings } from './settings.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

/**
 * `weight` for a memory of now, half of it after each half-life. Off by default: what somebody asks for is as
 * often old as new, and on dev it helps no set.
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

/** For what was said in the time that the question speaks of, or shortly after, when people tell of it. */
export function periodBonus(tsMs: number, { period }: Question, { without }: RankSettings): number {
  if (period === undefined || without.has('dates')) return 0
  return tsMs >= period.fromMs && tsMs < period.toMs + TOLD_WITHIN_MS ? PERIOD_BONUS : 0
}

const PERIOD_BONUS = 1
const TOLD_WITHIN_MS = 2 * DAY_MS
