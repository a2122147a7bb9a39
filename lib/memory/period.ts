import type { Period, RecallQuery } from './recall.ts'

/**
 * The query with the time that its text speaks of, read against its own time in UTC: "last week", "in
 * March", "two days ago". What reads dates is loaded with the first text that seems to hold one: it takes
 * some 50 ms, which no start should pay.
 */
export async function withPeriod(query: RecallQuery): Promise<RecallQuery> {
  if (query.period !== undefined || !MAY_HOLD_DATE.test(query.text)) return query
  const period = await periodIn(query.text, query.at)
  return period === undefined ? query : { ...query, period }
}

/** English; a text that names several times speaks of them all. Undefined where it names none. */
async function periodIn(text: string, at: Date): Promise<Period | undefined> {
  const { parse } = await import('chrono-node/en')
  let period: Period | undefined
  for (const { text: named, start, end } of parse(text, { instant: at, timezone: 0 })) {
    // "I sat down" and "may I" are no dates; "Sat" and "May" are.
    if (/^[a-z]{1,3}$/.test(named)) continue
    const from = periodOf(named, start, at)
    const to = end ? periodOf(named, end, at) : from
    if (from === undefined || to === undefined) continue
    period = {
      fromMs: Math.min(from.fromMs, period?.fromMs ?? Infinity),
      toMs: Math.max(to.toMs, period?.toMs ?? -Infinity),
      // A month or a year stands with each memory of it, as words to be found.
      said: MONTH_OR_NUMBER.test(named) ? period?.said : named,
    }
  }
  return period
}

const MONTH_OR_NUMBER = /\d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i

/** Cheap, and true of more than it should be: only then the reader of dates is asked. */
const MAY_HOLD_DATE = new RegExp(
  [
    String.raw`\b(?:yesterday|today|tonight|tomorrow|ago|weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b`,
    String.raw`\b(?:last|past|previous|this|next) (?:\w+ )?(?:week|month|year|day|night|morning|evening|hour)`,
    String.raw`\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b`,
    String.raw`\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b`,
  ].join('|'),
  'i',
)

/** What chrono tells of one time: which parts of it the text gives, the rest being implied. */
interface NamedTime {
  date(): Date
  isCertain(part: 'year' | 'month' | 'day' | 'weekday' | 'hour'): boolean
}

/** As long as the words are: a month, a week, a day. Nothing for an hour without a day, which dates nothing. */
function periodOf(named: string, time: NamedTime, at: Date): Period | undefined {
  const date = time.date()
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth()
  const day = date.getUTCDate()
  if (/\byears?\b/i.test(named)) return { fromMs: Date.UTC(year), toMs: Date.UTC(year + 1) }
  if (/\b(?:past|last) (?:few|couple|\d+|two|three|four|five|six|seven) /i.test(named)) {
    return { fromMs: date.getTime(), toMs: at.getTime() }
  }
  if (/\bweeks?\b/i.test(named)) {
    const monday = day - ((date.getUTCDay() + 6) % 7)
    return { fromMs: Date.UTC(year, month, monday), toMs: Date.UTC(year, month, monday + 7) }
  }
  if (/\bweekend\b/i.test(named)) {
    // Who asks about the weekend means the one that was.
    const past = date > at && !/\bnext\b/i.test(named) ? 7 : 0
    const saturday = day - ((date.getUTCDay() + 1) % 7) - past
    return { fromMs: Date.UTC(year, month, saturday), toMs: Date.UTC(year, month, saturday + 2) }
  }
  if (time.isCertain('day') || time.isCertain('weekday')) {
    return { fromMs: Date.UTC(year, month, day), toMs: Date.UTC(year, month, day + 1) }
  }
  if (time.isCertain('month')) {
    return { fromMs: Date.UTC(year, month), toMs: Date.UTC(year, month + 1) }
  }
  return /\b(?:today|tonight|this (?:morning|afternoon|evening))\b/i.test(named)
    ? { fromMs: Date.UTC(year, month, day), toMs: Date.UTC(year, month, day + 1) }
    : undefined
}
