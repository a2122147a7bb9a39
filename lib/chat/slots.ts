import { Problem } from '../errors.ts'

/** Who may have an answer made now: so many at once for one user and in all, and a short queue for the next. */
export interface Slots {
  /** A place for one more answer of this user. Throws a Problem 503 at once where the queue is full. */
  take(userId: string): Slot
}

export interface Slot {
  /**
   * Resolves when it is this one's turn. Rejects with a Problem 503 when that takes longer than anyone should wait, and
   * with the reason of `signal` when that fires first.
   */
  ready(signal?: AbortSignal): Promise<void>
  /** Gives the place to whoever is next; more than once is as once. */
  release(): void
}

export interface SlotLimits {
  /** 0 is no limit. */
  readonly perUser: number
  /** 0 is no limit. */
  readonly total: number
  readonly waitMs?: number
}

/** How many of one user's may wait for each that is made. */
const WAITING_FOR_EACH = 2
const WAIT_MS = 10_000
/** About what an answer of a model takes. */
const RETRY_AFTER_SECONDS = 5

export function createSlots({ perUser, total, waitMs = WAIT_MS }: SlotLimits): Slots {
  const mostOfUser = perUser || Infinity
  const most = total || Infinity
  const waiting: Place[] = []
  const makingOfUser = new Map<string, number>()
  let making = 0

  const isFree = (userId: string) => making < most && (makingOfUser.get(userId) ?? 0) < mostOfUser

  function begin({ userId, start }: Place): void {
    making += 1
    makingOfUser.set(userId, (makingOfUser.get(userId) ?? 0) + 1)
    start()
  }

  function end({ userId }: Place): void {
    making -= 1
    const left = makingOfUser.get(userId)! - 1
    if (left > 0) makingOfUser.set(userId, left)
    else makingOfUser.delete(userId)
    // The first whose turn it can be: a user who has all of theirs keeps nobody else waiting.
    const next = waiting.findIndex((place) => isFree(place.userId))
    if (next >= 0) begin(waiting.splice(next, 1)[0]!)
  }

  function leave(place: Place): void {
    const at = waiting.indexOf(place)
    if (at >= 0) waiting.splice(at, 1)
    else end(place)
  }

  function checkQueue(userId: string): void {
    const own = waiting.filter((place) => place.userId === userId).length
    if (own >= mostOfUser * WAITING_FOR_EACH) {
      throw overloaded(`${perUser} answers of this user are being made already, and others wait.`)
    }
    if (waiting.length >= most)
      throw overloaded('As many answers are being made as this service can, and others wait.')
  }

  return {
    take(userId) {
      const { promise: started, resolve: start } = Promise.withResolvers<void>()
      const place: Place = { userId, start }
      if (isFree(userId)) begin(place)
      else {
        checkQueue(userId)
        waiting.push(place)
      }
      let isLeft = false
      return {
        ready: (signal) =>
          waiting.includes(place) ? within(started, waitMs, signal) : Promise.resolve(),
        release() {
          if (!isLeft) leave(place)
          isLeft = true
        },
      }
    },
  }
}

interface Place {
  readonly userId: string
  readonly start: () => void
}

async function within(started: Promise<void>, ms: number, signal?: AbortSignal): Promise<void> {
  const { promise: given, reject: giveUp } = Promise.withResolvers<never>()
  const timer = setTimeout(() => giveUp(overloaded('It was not your turn in time.')), ms)
  const onAbort = () => giveUp(signal!.reason as Error)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  try {
    await Promise.race([started, given])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

const overloaded = (why: string) =>
  new Problem(503, 'Too many answers at once', `${why} Try again soon.`, {
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  })
