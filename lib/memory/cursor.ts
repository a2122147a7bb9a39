import { createHash } from 'node:crypto'
import { Problem } from '../errors.ts'

/** A place in a list that is ordered by time, then id: a page goes on behind it, whatever was added or deleted since. */
export interface Position {
  readonly tsMs: number
  readonly id: string
}

/**
 * The place as an opaque text, safe in a URL. `scope` names the list, such as the user whose it is: the cursor fits
 * no other. That keeps mistakes out, not attackers; a forged one shows its own user's list from another place.
 */
export function encodeCursor(scope: string, { tsMs, id }: Position): string {
  const place = `${tsMs}:${id}`
  return Buffer.from(`${seal(scope, place)}${place}`).toString('base64url')
}

/** The place in this list; a Problem 422 for a cursor of another list or what never was a cursor. */
export function decodeCursor(scope: string, cursor: string): Position {
  const text = Buffer.from(cursor, 'base64url').toString()
  const place = text.slice(SEAL_CHARACTERS)
  const [, tsMs, id] = PLACE.exec(place) ?? []
  if (tsMs === undefined || id === undefined || text !== `${seal(scope, place)}${place}`) {
    throw new Problem(422, 'Invalid request', 'The cursor does not belong to this list.', {
      errors: [{ path: '/query/cursor', message: 'Give the next_cursor of the page before.' }],
    })
  }
  return { tsMs: Number(tsMs), id }
}

const PLACE = /^(-?\d{1,16}):(.+)$/s
const SEAL_CHARACTERS = 12

function seal(scope: string, place: string): string {
  const hash = createHash('sha256').update(`${scope}\n${place}`).digest('base64url')
  return hash.slice(0, SEAL_CHARACTERS)
}
