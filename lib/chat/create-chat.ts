import { setTimeout as sleep } from 'node:timers/promises'
import { isProblem, Problem } from '../errors.ts'
import type { Embedder } from '../models/embedder.ts'
import type { Generator } from '../models/generator.ts'
import type { Memory, UserId } from '../memory/memory.ts'
import type { MemoryStore, UserMemories } from '../memory/store.ts'
import type { Chat, NewMessage, Outcome, ReplyEvent, Said, SayOptions, Watcher } from './chat.ts'
import { type Embedded, embedMessage } from './embed-message.ts'
import { LEASE_MS, leaseKey } from './lease.ts'
import { createFollower, FOLLOW_MS, readRecalled, savedOf } from './replay.ts'
import { forgotten, makeReply, type ReplyRequest } from './respond.ts'
import { createRun, type Run } from './run.ts'
import { createSlots, type Slot } from './slots.ts'

export interface ChatDependencies {
  readonly store: MemoryStore
  readonly embedder: Embedder
  readonly generator: Generator
  readonly now: () => Date
  /** A new memory's id for this time (lib/memory/ids.ts). */
  readonly newId: (at: Date) => string
  /** Names this process among all that share the store; a lease is held in its name. */
  readonly holder: string
  readonly settings: ChatSettings
}

export interface ChatSettings {
  readonly topK: number
  readonly scoreThreshold?: number | undefined
  readonly storeReplies: boolean
  readonly turnTimeoutMs: number
  /** Answers made at once; 0 is no limit. */
  readonly generationsPerUser: number
  readonly generationsTotal: number
}

/** What is kept for a reply that nobody has asked for yet. */
interface Held {
  readonly slot: Slot
  readonly timer: NodeJS.Timeout
  readonly embedded: Embedded | undefined
}

/** How long the place of a reply is kept for whoever said the message: a page comes back for it. */
const HOLD_MS = 5_000

export function createChat(dependencies: ChatDependencies): Chat {
  const { store, embedder, now, newId, holder, settings } = dependencies
  /** By user and message id. */
  const runs = new Map<string, Run>()
  const working = new Set<Promise<void>>()
  const slots = createSlots({
    perUser: settings.generationsPerUser,
    total: settings.generationsTotal,
  })
  /** By user and message id. */
  const held = new Map<string, Held>()

  async function say(
    userId: UserId,
    message: NewMessage,
    { signal, isAwaited = false }: SayOptions = {},
  ): Promise<Said> {
    const memories = store.forUser(userId)
    const messageId = message.messageId ?? newId(now())
    const known = message.messageId && (await findSaid(memories, message.messageId, message.text))
    if (known) return known
    const slot = slots.take(userId)
    try {
      await slot.ready(signal)
      const memory = newMessageMemory(message, messageId, now(), newId)
      // A page shows the message meanwhile, and waits for no embedder that is far away.
      const isEmbedded = embedder.free || isAwaited
      const embedded = isEmbedded
        ? await embedMessage(memory.text, memories, embedder, signal)
        : undefined
      await memories.save([{ memory, vectors: embedded?.vectors?.ofMessage }])
      hold(`${userId} ${messageId}`, slot, embedded)
      return { message: memory, messageId, isNew: true }
    } catch (error) {
      slot.release()
      // The same message may have been saved since we looked: then it is that one.
      const said =
        isProblem(error) &&
        error.status === 409 &&
        (await findSaid(memories, messageId, message.text))
      if (said) return said
      throw error
    }
  }

  function hold(key: string, slot: Slot, embedded: Embedded | undefined): void {
    const timer = setTimeout(() => {
      held.delete(key)
      slot.release()
    }, HOLD_MS).unref()
    held.set(key, { slot, timer, embedded })
  }

  /** What was kept for this reply, its place above all; a new place where there is none, or a throw. */
  function taken(key: string, userId: UserId): Pick<Held, 'slot' | 'embedded'> {
    const kept = held.get(key)
    if (!kept) return { slot: slots.take(userId), embedded: undefined }
    clearTimeout(kept.timer)
    held.delete(key)
    return kept
  }

  async function* reply(
    userId: UserId,
    messageId: string,
    watcher: Watcher,
  ): AsyncGenerator<ReplyEvent> {
    const key = `${userId} ${messageId}`
    const memories = store.forUser(userId)
    const elsewhere = createFollower(memories)
    for (;;) {
      const running = runs.get(key)
      if (running) return yield* running.watch(watcher)
      const { message, answer, pending = [] } = await memories.turn(messageId)
      if (!message) return undefined
      if (answer && isOver(answer, watcher)) return yield* elsewhere.finish(answer, pending)
      if (runs.has(key)) continue
      const run = createRun(settings.turnTimeoutMs)
      runs.set(key, run) // Before the lease is asked for: a second watcher here must join, not wait.
      // Watched from the start, or a reply made in one go would be taken for one that nobody watches.
      const events = start(run.watch(watcher))
      if (await memories.lease(leaseKey(messageId), holder, LEASE_MS)) {
        if (answer?.turn?.state === 'running' && !(watcher.remakes && elsewhere.sent() === 0)) {
          const outcome = await abandoned(memories, answer)
          if (outcome) run.end(outcome)
          else run.fail(forgotten())
          runs.delete(key)
        } else {
          const messageSaved = savedOf(message.id, pending)
          make(key, run, { userId, memories, message, messageId, messageSaved, watcher })
        }
        return yield* events
      }
      runs.delete(key)
      run.fail(new DOMException('Another process makes this reply.', 'AbortError'))
      await events.next().catch(() => {})
      if (answer) yield* elsewhere.grow(answer)
      await sleep(FOLLOW_MS, undefined, { signal: watcher.signal })
    }
  }

  function make(
    key: string,
    run: Run,
    request: Pick<
      ReplyRequest,
      'memories' | 'message' | 'messageId' | 'messageSaved' | 'watcher'
    > & {
      userId: UserId
    },
  ) {
    const work = makeInTurn(key, run, request)
      .catch((error: unknown) => run.fail(error))
      .finally(() => runs.delete(key))
    working.add(work)
    void work.finally(() => working.delete(work))
  }

  async function makeInTurn(
    key: string,
    run: Run,
    { userId, ...request }: Parameters<typeof make>[2],
  ): Promise<void> {
    let kept: Pick<Held, 'slot' | 'embedded'> | undefined
    try {
      kept = taken(key, userId)
      await kept.slot.ready(run.signal)
    } catch (error) {
      kept?.slot.release()
      // Stopped while it waited: then there is nothing to make, and the making says so.
      if (!run.signal.aborted) {
        await request.memories.release(leaseKey(request.messageId), holder).catch(() => {})
        throw error
      }
    }
    try {
      await makeReply({ ...dependencies, ...request, embedded: kept?.embedded, run })
    } finally {
      kept?.slot.release()
    }
  }

  return {
    say,
    reply,
    async stop(userId, messageId) {
      const running = runs.get(`${userId} ${messageId}`)
      if (running) return running.stop('stopped')
      const memories = store.forUser(userId)
      const { answer } = await memories.turn(messageId)
      if (answer?.turn?.state !== 'running') return
      // Whoever makes it, in another process, reads this at its next checkpoint.
      await memories.updateTurn(
        { memory: { ...answer, turn: { ...answer.turn, state: 'stopped' } } },
        { mustExist: true },
      )
    },
    async retry(userId, messageId) {
      const memories = store.forUser(userId)
      const { message, answer } = await memories.turn(messageId)
      if (!message) return false
      if (answer && !runs.has(`${userId} ${messageId}`)) await memories.delete(answer.id)
      return true
    },
    async forgetDeleted(userId) {
      const memories = store.forUser(userId)
      for (const [key, run] of runs) {
        const [owner, messageId] = key.split(' ') as [string, string]
        if (owner !== userId) continue
        const { message, answer } = await memories.turn(messageId)
        if (!message || (run.isKept() && !answer)) run.stop('forgotten')
      }
    },
    async settled() {
      while (working.size > 0) await Promise.allSettled(working)
    },
  }
}

/** Whether there is nothing left to make: a broken reply is made anew only for those who ask for that. */
function isOver({ turn }: Memory, { remakes }: Watcher): boolean {
  if (turn?.state === 'complete' || turn?.state === 'stopped') return true
  return turn?.state !== 'running' && !remakes
}

/** A reply whose process died: what it said is kept. Undefined where it was deleted just now. */
async function abandoned(memories: UserMemories, answer: Memory): Promise<Outcome | undefined> {
  const cut: Memory = { ...answer, turn: { ...answer.turn!, state: 'cut' } }
  const reply = await memories.updateTurn({ memory: cut }, { mustExist: true })
  if (reply === 'gone') return undefined
  return {
    answer: cut,
    context: await readRecalled(memories, cut),
    saved: { message: 'stored', reply },
  }
}

async function findSaid(
  memories: UserMemories,
  messageId: string,
  text: string,
): Promise<Said | undefined> {
  const { message } = await memories.turn(messageId)
  if (!message) return undefined
  if (message.text === text) return { message, messageId, isNew: false }
  throw new Problem(
    409,
    'Another message',
    `The message_id ${messageId} stands for another message already.`,
  )
}

function newMessageMemory(
  message: NewMessage,
  messageId: string,
  ts: Date,
  newId: (at: Date) => string,
): Memory {
  return {
    id: newId(ts),
    role: 'user',
    text: message.text,
    ts,
    tags: message.tags ?? [],
    conversationId: message.conversationId,
    source: 'chat',
    reach: 'recall',
    pinned: false,
    turn: { messageId, state: 'complete' },
  }
}

/** Begins to iterate at once instead of at the first `next()`. */
function start<T>(iterable: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = iterable[Symbol.asyncIterator]()
  const first = iterator.next()
  first.catch(() => {}) // Reported when it is read.
  return (async function* () {
    try {
      for (let next = await first; !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  })()
}
