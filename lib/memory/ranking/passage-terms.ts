import { terms } from '../terms.ts'

export interface TermCounts {
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

/**
 * How often each term stands in a passage. Who said it and on which day count as words of it, so that a
 * question that names a person, a month or a year finds it by them.
 */
export function countTerms(
  said: { readonly speaker?: string | undefined; readonly tsMs: number },
  passage: string,
): TermCounts {
  const found = terms(`${said.speaker ?? ''} ${dayOf(said.tsMs)} ${passage}`)
  const counts = new Map<string, number>()
  for (const term of found) counts.set(term, (counts.get(term) ?? 0) + 1)
  return { counts, length: found.length }
}

/** "8 May 2023", as people say it. */
function dayOf(tsMs: number): string {
  const date = new Date(tsMs)
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

const MONTHS =
  'January February March April May June July August September October November December'.split(' ')
