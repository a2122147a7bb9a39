import * as z from 'zod'
import {
  ConversationIdText,
  MessageIdText,
  RoleText,
  Tags,
  text,
  TEXT_CHARACTERS,
  Timestamp,
} from '../schema.ts'
import { derivedBytes, idTime, isMemoryId, replyIdOf, uuidv7 } from './ids.ts'
import type { Memory, Turn } from './memory.ts'
import type { UserMemories } from './store.ts'
import { memoryOnWire } from './wire.ts'

/** Memories as a file: one JSON object a line, as `GET /api/memories` shows it, with what a chat turn has beside. */

/** The largest page a store gives. */
const PAGE_MEMORIES = 200

/**
 * Everything kept of a user, a page of memories at a time: the newest first, as they are listed, then the answers that
 * only their conversations show. Rejects where the store does not answer; once the first page is there, iterating throws.
 */
export async function jsonLines(memories: UserMemories): Promise<AsyncIterable<string>> {
  const pages = pagesOf(memories)
  const first = await pages.next()
  return (async function* () {
    if (first.done) return
    yield first.value
    yield* pages
  })()
}

async function* pagesOf(memories: UserMemories): AsyncGenerator<string> {
  for (const reach of ['listed', 'history'] as const) {
    let cursor: string | undefined
    do {
      const page = await memories.list({ limit: PAGE_MEMORIES, cursor, reach })
      const lines = page.memories.map((memory) => `${JSON.stringify(toLine(memory))}\n`)
      if (lines.length > 0) yield lines.join('')
      cursor = page.nextCursor
    } while (cursor !== undefined)
  }
}

export function toLine(memory: Memory): z.input<typeof Line> {
  const { reach, turn } = memory
  return {
    ...memoryOnWire(memory),
    tags: [...memory.tags],
    ...(reach === 'recall' ? {} : { reach }),
    ...(turn ? { turn: turnToLine(turn) } : {}),
  }
}

const turnToLine = (turn: Turn): z.input<typeof TurnOfLine> => ({
  message_id: turn.messageId,
  in_reply_to: turn.inReplyTo,
  state: turn.state,
  failure: turn.failure,
  usage: turn.usage && {
    prompt_tokens: turn.usage.promptTokens,
    completion_tokens: turn.usage.completionTokens,
    model: turn.usage.model,
  },
  latency_ms: turn.latencyMs,
  recalled: turn.recalled?.map(({ id, score, why, supersededBy }) => ({
    id,
    score,
    why: why && { ...why },
    superseded_by: supersededBy,
  })),
})

const MemoryIdText = z.string().refine(isMemoryId, 'This is no id of a memory.')
const Count = z.int().min(0)

const TurnOfLine = z.object({
  message_id: MessageIdText,
  in_reply_to: MemoryIdText.optional(),
  state: z.enum(['complete', 'running', 'stopped', 'cut', 'failed']),
  failure: text(0, 1000).optional(),
  usage: z
    .object({ prompt_tokens: Count, completion_tokens: Count, model: text(0, 200) })
    .optional(),
  latency_ms: z.number().min(0).optional(),
  recalled: z
    .array(
      z.object({
        id: MemoryIdText,
        score: z.number().min(0).max(1),
        why: z.record(text(1, 64), z.number()).optional(),
        superseded_by: MemoryIdText.optional(),
      }),
    )
    .max(50)
    .optional(),
})

/** What a line may hold; members that nobody knows are another release's. */
export const Line = z
  .object({
    id: z.string().optional(),
    text: text(0, TEXT_CHARACTERS),
    role: RoleText,
    /** May be left out beside an id, which tells its time. */
    ts: Timestamp.optional(),
    speaker: text(1, 64).optional(),
    tags: Tags.default([]),
    conversation_id: ConversationIdText.nullish(),
    source: z.enum(['chat', 'ingest', 'import']).default('import'),
    pinned: z.boolean().default(false),
    edited_at: Timestamp.optional(),
    reach: z.enum(['recall', 'list', 'history']).default('recall'),
    turn: TurnOfLine.optional(),
  })
  .refine(({ text, turn }) => text !== '' || turn?.in_reply_to !== undefined, {
    path: ['text'],
    message: 'Only an answer that broke may be empty.',
    // With the other faults of the line, not after them.
    when: ({ value }) => typeof value === 'object' && value !== null,
  })

export interface ReadLines {
  /** In the order of the file. */
  readonly read: readonly { readonly line: number; readonly memory: Memory }[]
  readonly refused: readonly RefusedLine[]
}

export interface RefusedLine {
  /** Counted from 1. */
  readonly line: number
  readonly message: string
}

/**
 * Memories out of JSON lines; empty lines count but say nothing. A line without an id gets one that follows from what
 * it says, so that the same file twice adds nothing twice.
 */
export function readLines(jsonl: string, firstLine = 1): ReadLines {
  const read: { line: number; memory: Memory }[] = []
  const refused: RefusedLine[] = []
  for (const [index, content] of jsonl.split('\n').entries()) {
    if (content.trim() === '') continue
    const line = firstLine + index
    const memory = readLine(content)
    if (typeof memory === 'string') refused.push({ line, message: memory })
    else read.push({ line, memory })
  }
  return { read, refused }
}

function readLine(line: string): Memory | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'This is not JSON.'
  }
  const parsed = Line.safeParse(value)
  if (!parsed.success) {
    return parsed.error.issues
      .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
      .join(' ')
  }
  const { id, ts: at, conversation_id, edited_at, turn, ...rest } = parsed.data
  const ts = at === undefined ? idTime(id ?? '') : new Date(at)
  if (!ts) return 'ts: This is required where no id tells the time.'
  return {
    ...rest,
    id: id !== undefined && isIdOf(id, ts, turn?.in_reply_to) ? id : uuidv7(ts, derivedBytes(line)),
    ts,
    speaker: rest.speaker,
    conversationId: conversation_id ?? undefined,
    editedAt: edited_at === undefined ? undefined : new Date(edited_at),
    turn: turn && turnOf(turn),
  }
}

/**
 * The time of an id is that of its memory: another id would put it in another place. An answer has the time of its
 * message, and the id that follows from it.
 */
const isIdOf = (id: string, ts: Date, inReplyTo: string | undefined) =>
  isMemoryId(id) &&
  (idTime(id)?.getTime() === ts.getTime() ||
    (inReplyTo !== undefined && id === replyIdOf(inReplyTo)))

function turnOf(turn: z.infer<typeof TurnOfLine>): Turn {
  const { message_id, in_reply_to, state, failure, usage, latency_ms, recalled } = turn
  return {
    messageId: message_id,
    inReplyTo: in_reply_to,
    // Whoever was making it when it was exported does not make it here.
    state: state === 'running' ? 'cut' : state,
    failure,
    usage: usage && {
      promptTokens: usage.prompt_tokens,
      completionTokens: usage.completion_tokens,
      model: usage.model,
    },
    latencyMs: latency_ms,
    recalled: recalled?.map(({ id, score, why, superseded_by }) => ({
      id,
      score,
      why,
      supersededBy: superseded_by,
    })),
  }
}
