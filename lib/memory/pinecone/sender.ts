import { isOutage, UpstreamFault } from '../../upstream/fault.ts'
import type { UserId } from '../memory.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Delivery } from './delivery.ts'
import type { Statements } from './statements.ts'

/** Sends what is on its way, user by user, until it is there: at once, after a failure, and after a restart. */
export interface Sender {
  /** Something was written. */
  wake(): void
  /** Pinecone has just answered somebody: what waits after a failure is sent now. */
  hurry(): void
  /** Sends all of one user now. Rejects with the fault that stopped it. */
  flush(userId: UserId): Promise<void>
  /** Why the last attempt failed; undefined after one that did not. */
  failure(): string | undefined
  close(): Promise<void>
}

export interface SenderOptions {
  readonly connection: Connection
  readonly statements: Statements
  readonly deliveryFor: (userId: UserId) => Delivery
  /** Names this process among all on the file. */
  readonly holder: string
  readonly now: () => Date
  readonly random: () => number
  /** What is written within this time is sent together. */
  readonly lingerMs: number
  /** A sender that died loses its turn after this time. */
  readonly turnMs: number
  /** Called when the index may have moved. */
  readonly onOutage: () => void
}

const USERS_AT_ONCE = 8
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** Another process has its turn: look again. */
const TURN_POLL_MS = 50
/** What no embedder made just now, and users that Pinecone refuses, such as for a quota. */
const USER_PAUSE_MS = 30_000

export function createSender(options: SenderOptions): Sender {
  const { connection, statements, deliveryFor, holder, now, random, lingerMs, turnMs } = options
  /** One delivery of a user at a time. */
  const running = new Map<UserId, Promise<unknown>>()
  const resting = new Map<UserId, number>()
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> | undefined
  let failures = 0
  let failure: string | undefined
  let isWoken = false
  let isClosed = false

  function schedule(ms: number): void {
    if (isClosed || timer) return
    timer = setTimeout(() => {
      timer = undefined
      round ??= work().finally(() => {
        round = undefined
        if (isWoken) schedule(lingerMs)
      })
    }, ms)
    timer.unref()
  }

  async function work(): Promise<void> {
    isWoken = false
    let pauseMs: number | undefined
    try {
      if (!(await takeTurn())) return schedule(TURN_POLL_MS)
      const renewal = setInterval(() => void takeTurn().catch(() => {}), turnMs / 3).unref()
      try {
        pauseMs = await sendAll()
      } finally {
        clearInterval(renewal)
        await connection.writeUnsynced(() => statements.endTurn(holder))
      }
    } catch (error) {
      if (isClosed) return
      failure = (error as Error).message
      failures += 1
      if (error instanceof UpstreamFault && isOutage(error)) options.onOutage()
      pauseMs = pauseAfter(error)
    }
    if (pauseMs !== undefined) schedule(pauseMs)
  }

  const takeTurn = () =>
    connection.writeUnsynced(() => {
      const nowMs = now().getTime()
      return statements.takeTurn(holder, nowMs + turnMs, nowMs) > 0
    })

  /** Resolves to when to look again, where something was left; rejects where Pinecone is away. */
  async function sendAll(): Promise<number | undefined> {
    for (;;) {
      const nowMs = performance.now()
      for (const [userId, untilMs] of resting) if (untilMs <= nowMs) resting.delete(userId)
      const users = (await connection.read(() => statements.usersOnTheirWay()))
        .map(({ user_id }) => user_id as UserId)
        .filter((userId) => !resting.has(userId))
      if (users.length === 0 || isClosed) break
      for (let at = 0; at < users.length; at += USERS_AT_ONCE) {
        const some = users.slice(at, at + USERS_AT_ONCE)
        const outcomes = await Promise.allSettled(some.map((userId) => deliver(userId)))
        const stopped = outcomes.find((outcome) => outcome.status === 'rejected')
        if (stopped) throw stopped.reason
      }
      failures = 0
      failure = undefined
    }
    const next = Math.min(...resting.values())
    return Number.isFinite(next) ? Math.max(1, next - performance.now()) : undefined
  }

  /** Rejects where trying other users would fail too. */
  async function deliver(userId: UserId): Promise<void> {
    try {
      if ((await once(userId)) === 'incomplete') rest(userId)
    } catch (error) {
      const isOfUser = error instanceof UpstreamFault && [400, 403].includes(error.statusCode ?? 0)
      if (!isOfUser) throw error
      failure = error.message
      rest(userId)
    }
  }

  const rest = (userId: UserId) => void resting.set(userId, performance.now() + USER_PAUSE_MS)

  function once(userId: UserId): Promise<'complete' | 'incomplete'> {
    const before = running.get(userId) ?? Promise.resolve()
    const own = before.catch(() => {}).then(() => deliveryFor(userId).send())
    const settled = own
      .catch(() => {})
      .finally(() => {
        if (running.get(userId) === settled) running.delete(userId)
      })
    running.set(userId, settled)
    return own
  }

  function pauseAfter(error: unknown): number {
    const asked = error instanceof UpstreamFault ? (error.retryAfterSeconds ?? 0) * 1_000 : 0
    const backOff = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 12))
    return Math.max(asked, backOff * (0.5 + random() / 2))
  }

  return {
    wake() {
      isWoken = true
      if (!round) schedule(lingerMs)
    },
    hurry() {
      if (failure === undefined || round) return
      clearTimeout(timer)
      timer = undefined
      schedule(0)
    },
    async flush(userId) {
      await once(userId)
    },
    failure: () => failure,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await round
      await Promise.allSettled(running.values())
    },
  }
}
