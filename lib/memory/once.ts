import { createHash } from 'node:crypto'
import { Problem } from '../errors.ts'
import { createIds } from './ids.ts'
import type { UserMemories } from './store.ts'

export interface OnceRequest {
  /** The caller's own name for this request (Idempotency-Key), with what it asks for before it: `ingest:…`. */
  readonly key: string
  /** What is asked. The same key with another content is another request, which is refused. */
  readonly content: string
  readonly now: Date
  /** Nobody can guess it: what is made for this request is known by it. */
  readonly seed: string
}

/** What is the same however often the request comes. */
export interface Once {
  /** When it came first. */
  readonly at: Date
  /** The next id of a memory of this time; the same ones in the same order. */
  readonly newId: (at: Date) => string
}

/** How long a request is known. Whoever repeats one later asks anew. */
export const KNOWN_MS = 24 * 60 * 60 * 1000

/**
 * Does `work` for a request that may come several times, and answers each time what was answered first. Where the first
 * one did not come to its end, or several are under way at once, `work` is done again: with the same ids, so that saving
 * again changes nothing. Rejects with a Problem 409 for another content under a known key.
 */
export async function once<T>(
  memories: Pick<UserMemories, 'keep' | 'kept'>,
  { key, content, now, seed }: OnceRequest,
  work: (once: Once) => Promise<T>,
): Promise<T> {
  const [asked, answered] = [`once:${key}:asked`, `once:${key}:answered`]
  const hash = createHash('sha256').update(content).digest('base64url')
  const mine: Asked = { hash, atMs: now.getTime(), seed }
  const first = JSON.parse(await memories.keep(asked, JSON.stringify(mine), KNOWN_MS)) as Asked
  if (first.hash !== hash) throw anotherContent()
  const known = await memories.kept(answered)
  if (known !== undefined) return JSON.parse(known) as T
  const answer = await work({ at: new Date(first.atMs), newId: seededIds(first.seed) })
  return JSON.parse(await memories.keep(answered, JSON.stringify(answer), KNOWN_MS)) as T
}

interface Asked {
  readonly hash: string
  readonly atMs: number
  readonly seed: string
}

function seededIds(seed: string) {
  let made = 0
  return createIds((count) =>
    createHash('sha256').update(`${seed} ${made++}`).digest().subarray(0, count),
  )
}

const anotherContent = () =>
  new Problem(
    409,
    'Another request',
    'This Idempotency-Key stands for a request with another body already.',
  )
