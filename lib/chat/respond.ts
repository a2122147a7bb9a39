import { isProblem, Problem, upstreamOf } from '../errors.ts'
import { replyIdOf } from '../memory/ids.ts'
import type { Memory, Reach, Turn, TurnState } from '../memory/memory.ts'
import { passages } from '../memory/passages.ts'
import type { Recalled } from '../memory/recall.ts'
import type { Saved, UserMemories } from '../memory/store.ts'
import type { Usage } from '../models/generator.ts'
import { BUILT_IN_GENERATOR } from '../models/builtin-generator.ts'
import { unitSum } from '../models/vectors.ts'
import type { Outcome, Watcher } from './chat.ts'
import type { ChatDependencies } from './create-chat.ts'
import { type Embedded, embedMessage } from './embed-message.ts'
import { LEASE_MS, leaseKey } from './lease.ts'
import { assemblePrompt, PINNED_LIMIT, RECENT_TURNS } from './prompt.ts'
import type { Run } from './run.ts'

export interface ReplyRequest extends ChatDependencies {
  readonly memories: UserMemories
  readonly message: Memory
  readonly messageId: string
  /** How the message stood when its reply was begun. */
  readonly messageSaved: Saved
  /** Where it was embedded before it was stored. */
  readonly embedded: Embedded | undefined
  readonly run: Run
  readonly watcher: Watcher
}

/** Between two writes of a growing answer: what a restart may cost. */
const CHECKPOINT_MS = 1000
const VECTORS_ALONE = { mustExist: true, isRemakeable: true }

/**
 * One turn: embed, remember beside recall, prompt, generate, remember. The lease is held already. Tells `run` all
 * that happens, its end included; rejects only where nobody foresaw it.
 */
export async function makeReply(request: ReplyRequest): Promise<void> {
  const { memories, messageId, holder, run } = request
  const startedAtMs = performance.now() - (request.embedded?.tookMs ?? 0)
  const turn = createTurnState(request.messageSaved)
  const renewal = setInterval(() => {
    memories.lease(leaseKey(messageId), holder, LEASE_MS).catch(() => {}) // The next one may get through.
  }, LEASE_MS / 3)
  const checkpoints = setInterval(
    () => void checkpoint(request, turn).catch(() => {}),
    CHECKPOINT_MS,
  )
  try {
    const state = await recallAndGenerate(request, turn, startedAtMs).then(
      () => 'complete' as const,
      (error: unknown) => brokenState(request, turn, error),
    )
    clearInterval(checkpoints)
    await turn.checkpointing
    if (run.stopReason() === 'forgotten') {
      // Half an answer to a message that is gone says nothing to anyone.
      await memories.delete(replyIdOf(request.message.id))
      throw forgotten()
    }
    const latencyMs = Math.round(performance.now() - startedAtMs)
    const answer = answerOf(request, turn, state, latencyMs)
    const saved = await saveAnswer(request, turn, answer)
    if (saved === 'gone') throw forgotten()
    run.end(outcomeOf(request, turn, answer, saved))
    if (saved === 'failed' || answer.reach !== 'recall' || request.embedder.free) return
    await embedAnswer(request, answer)
  } finally {
    clearInterval(renewal)
    clearInterval(checkpoints)
    await memories.release(leaseKey(messageId), holder).catch(() => {}) // It runs out by itself.
  }
}

/** The message, or what was said of its answer, was deleted while it was being answered. */
export const forgotten = () =>
  new Problem(404, 'Not found', 'The message was deleted before it was answered.')

/** What is known of a turn while it runs. */
interface TurnInProgress {
  context: readonly Recalled[]
  usage: Usage | undefined
  problem: Problem | undefined
  messageSaved: Saved
  memoriesStored: number
  embedMs: number
  recallMs: number
  firstTokenMs: number
  readonly failures: string[]
  /** The checkpoint under way: two writes of one answer must not overtake each other. */
  checkpointing: Promise<unknown>
}

const createTurnState = (messageSaved: Saved): TurnInProgress => ({
  context: [],
  usage: undefined,
  problem: undefined,
  messageSaved,
  memoriesStored: 0,
  embedMs: 0,
  recallMs: 0,
  firstTokenMs: 0,
  failures: [],
  checkpointing: Promise.resolve(),
})

async function recallAndGenerate(
  request: ReplyRequest,
  turn: TurnInProgress,
  startedAtMs: number,
): Promise<void> {
  const { memories, message, generator, run } = request
  const conversation = message.conversationId!
  const [recent, pinned] = await Promise.all([
    memories.conversation(conversation, { limit: RECENT_TURNS, before: message.id }),
    memories.pinned({ limit: PINNED_LIMIT }),
    recallFor(request, turn),
  ])
  run.recalled(turn.context)
  const prompt = assemblePrompt({
    message: message.text,
    at: message.ts,
    recalled: turn.context,
    pinned: pinned.filter(({ id }) => id !== message.id),
    recent,
    budgetTokens: generator.promptTokens,
  })
  for await (const piece of generator.generate(prompt, run.signal)) {
    if (piece.type === 'end') turn.usage = piece.usage
    else {
      turn.firstTokenMs ||= performance.now() - startedAtMs
      run.append(piece.text)
    }
  }
  run.signal.throwIfAborted()
}

async function recallFor(request: ReplyRequest, turn: TurnInProgress): Promise<void> {
  const { memories, message, embedder, run, watcher, settings } = request
  const { vectors, failure, tookMs } =
    request.embedded ?? (await embedMessage(message.text, memories, embedder, run.signal))
  run.signal.throwIfAborted()
  turn.embedMs = tookMs
  if (failure !== undefined) turn.failures.push(failure)
  const recallStartedAtMs = performance.now()
  const recall = memories
    .recall({
      text: message.text,
      embedding: vectors && unitSum(vectors.ofQuestion),
      at: message.ts,
      limit: watcher.topK ?? settings.topK,
      scoreThreshold: watcher.scoreThreshold ?? settings.scoreThreshold,
      exclude: [message.id],
    })
    .finally(() => (turn.recallMs = performance.now() - recallStartedAtMs))
  const isSaved = embedder.free || request.embedded !== undefined
  const saving = isSaved ? undefined : saveVectors(request, turn, vectors?.ofMessage)
  const [context] = await Promise.all([recall, saving])
  turn.context = context
  run.signal.throwIfAborted()
}

/** Of a message that was stored before it was embedded. */
async function saveVectors(
  { memories, message, run }: ReplyRequest,
  turn: TurnInProgress,
  vectors: readonly Float32Array[] | undefined,
): Promise<void> {
  if (vectors === undefined) return
  const saved = await memories.updateTurn({ memory: message, vectors }, VECTORS_ALONE)
  if (saved === 'gone') run.stop('forgotten')
  else turn.messageSaved = saved
}

function brokenState(request: ReplyRequest, turn: TurnInProgress, error: unknown): TurnState {
  const reason = request.run.stopReason()
  if (reason === 'stopped') return 'stopped'
  if (reason === 'unwatched') return 'cut'
  if (reason === 'deadline') {
    turn.problem = new Problem(
      504,
      'Deadline passed',
      'The answer took too long and was given up. Try again.',
    )
    return 'cut'
  }
  if (!isProblem(error)) {
    turn.problem = new Problem(
      500,
      'Internal error',
      'The answer failed on our side. Your message is kept.',
      {
        cause: error,
      },
    )
    return 'failed'
  }
  turn.failures.push(upstreamOf(error) ?? 'store')
  turn.problem = error
  return 'failed'
}

/** Writes how far the answer has come, and learns whether another process was asked to stop it. */
async function checkpoint(request: ReplyRequest, turn: TurnInProgress): Promise<void> {
  const before = turn.checkpointing
  turn.checkpointing = (async () => {
    await before
    const { memories, messageId, run } = request
    if (run.signal.aborted) return
    const { answer } = await memories.turn(messageId)
    if (answer?.turn?.state === 'stopped') return run.stop('stopped')
    const running = answerOf(request, turn, 'running', undefined)
    const saved = await memories.updateTurn({ memory: running }, { mustExist: run.isKept() })
    if (saved === 'gone') run.stop('forgotten')
    else run.keep()
  })()
  await turn.checkpointing
}

function answerOf(
  { message, messageId, generator, run, settings }: ReplyRequest,
  { context, usage, problem }: TurnInProgress,
  state: TurnState,
  latencyMs: number | undefined,
): Memory {
  const text = run.text()
  const turn: Turn = {
    messageId,
    inReplyTo: message.id,
    state,
    failure: problem?.message,
    usage,
    latencyMs,
    recalled: context.map(({ memory, score, why, supersededBy }) => ({
      id: memory.id,
      score,
      why,
      supersededBy,
    })),
  }
  return {
    id: replyIdOf(message.id),
    role: 'assistant',
    text,
    ts: message.ts, // With its id right behind its message, whatever is said meanwhile.
    tags: [],
    conversationId: message.conversationId,
    source: 'chat',
    reach: reachOf(state, text, generator.name, settings.storeReplies),
    pinned: false,
    turn,
  }
}

/** A quote of a memory is no new memory, and half an answer is none to recall. */
function reachOf(state: TurnState, text: string, generator: string, storeReplies: boolean): Reach {
  if (!storeReplies || text === '' || state === 'running' || state === 'failed') return 'history'
  return state === 'complete' && generator !== BUILT_IN_GENERATOR ? 'recall' : 'list'
}

async function saveAnswer(
  request: ReplyRequest,
  turn: TurnInProgress,
  answer: Memory,
): Promise<Saved | 'failed' | 'gone'> {
  const { memories, embedder, run } = request
  const isCheap = answer.reach === 'recall' && embedder.free
  const vectors = isCheap
    ? await embedder.embed(passages(answer.text)).catch(() => undefined)
    : undefined
  try {
    return await memories.updateTurn({ memory: answer, vectors }, { mustExist: run.isKept() })
  } catch (error) {
    if (!isProblem(error)) throw error
    turn.failures.push('store')
    return 'failed'
  }
}

/** After the answer has left: its vectors cost a call that nobody should wait for. */
async function embedAnswer({ embedder, memories }: ReplyRequest, answer: Memory): Promise<void> {
  try {
    const vectors = await embedder.embed(passages(answer.text))
    await memories.updateTurn({ memory: answer, vectors }, VECTORS_ALONE)
  } catch {
    // Its words find it until it is re-embedded.
  }
}

function outcomeOf(
  { settings }: ReplyRequest,
  turn: TurnInProgress,
  answer: Memory,
  saved: Saved | 'failed',
): Outcome {
  return {
    answer,
    context: turn.context,
    saved: { message: turn.messageSaved, reply: settings.storeReplies ? saved : 'off' },
    problem: turn.problem,
    made: {
      embedMs: turn.embedMs,
      recallMs: turn.recallMs,
      firstTokenMs: turn.firstTokenMs,
      memoriesStored: saved === 'failed' ? 0 : 1,
      failures: turn.failures,
    },
  }
}
