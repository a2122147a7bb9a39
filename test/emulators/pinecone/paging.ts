import { refuse } from './errors.ts'

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Absent on the last page, as in the answers of the service. */
  readonly pagination?: { readonly next: string }
}

/** One page of sorted items; the token carries the key after which the next one begins. */
export function page<Item>(
  sorted: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, token }: { limit: number; token: string | undefined },
): Page<Item> {
  const after = token === undefined ? undefined : decodeToken(token)
  const from = after === undefined ? 0 : sorted.findIndex((item) => keyOf(item) > after)
  const items = from === -1 ? [] : sorted.slice(from, from + limit)
  const last = items.at(-1)
  if (last === undefined || from + limit >= sorted.length) return { items }
  return { items, pagination: { next: encodeToken(keyOf(last)) } }
}

/** Checks a limit that came as text or as a number. */
export function pageLimit(given: unknown, { most, usual }: { most: number; usual: number }) {
  if (given === undefined || given === null) return usual
  const limit = Number(given)
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw refuse(`Limit must be between 1 and ${most}, got ${limit}`)
  }
  return limit
}

const encodeToken = (key: string) => Buffer.from(JSON.stringify({ after: key })).toString('base64')

function decodeToken(token: string): string {
  try {
    return (JSON.parse(Buffer.from(token, 'base64').toString()) as { after: string }).after
  } catch {
    throw refuse('Invalid pagination token')
  }
}
