import { setTimeout as sleep } from 'node:timers/promises'
import { UpstreamFault } from './fault.ts'

export interface RetryTerms {
  /** How often a call is repeated at most. */
  readonly retries: number
  /** Whether doing it twice does no harm; else it is only repeated where nobody can have done it. */
  readonly isRepeatable: boolean
  /** When the call's time is over, by `performance.now()`. */
  readonly deadlineMs: number
  readonly signal: AbortSignal
  /** From 0 to below 1. */
  readonly random: () => number
}

/** The first pause is so long, the next twice as long; each is shortened by chance to half of it at most. */
const FIRST_PAUSE_MS = 200

/** A repeat that has less time than this left is not worth a call. */
const LEAST_TIME_MS = 50

/** Calls until it works, a repeat is no use, or too little time is left. Throws the last fault. */
export async function withRetries<T>(call: () => Promise<T>, terms: RetryTerms): Promise<T> {
  for (let repeats = 0; ; repeats += 1) {
    try {
      return await call()
    } catch (error) {
      const pauseMs = repeats < terms.retries ? pauseBefore(error, repeats, terms) : undefined
      if (pauseMs === undefined) throw error
      if (performance.now() + pauseMs + LEAST_TIME_MS > terms.deadlineMs) throw error
      if (pauseMs > 0) await pause(pauseMs, terms.signal)
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch {
    throw signal.reason
  }
}

/** How long to wait before the same call again; undefined where it would be no use or might do harm. */
function pauseBefore(
  error: unknown,
  repeats: number,
  { isRepeatable, random }: RetryTerms,
): number | undefined {
  if (!(error instanceof UpstreamFault)) return undefined
  const { retryAfterSeconds } = error
  if (!isRepeatable && !wasNotDone(error)) return undefined
  if (error.kind === 'network') return error.wasStale ? 0 : backOffMs(repeats, random)
  if (error.kind !== 'status' || !isPassing(error.statusCode ?? 0)) return undefined
  const asked = retryAfterSeconds === undefined ? 0 : retryAfterSeconds * 1000
  return Math.max(asked, backOffMs(repeats, random))
}

const backOffMs = (repeats: number, random: () => number) =>
  FIRST_PAUSE_MS * 2 ** repeats * (0.5 + random() / 2)

/** Nobody can have done what was asked: there was no connection, or the answer says so. */
function wasNotDone({ kind, code = '', statusCode }: UpstreamFault): boolean {
  if (kind === 'network') {
    return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code)
  }
  return kind === 'status' && (statusCode === 429 || statusCode === 503)
}

/** 424 is how text-embeddings-inference says that its backend failed. */
const isPassing = (statusCode: number) => [424, 425, 429, 500, 502, 503, 504].includes(statusCode)
