import * as z from 'zod'

/** What callers are answered. Answers may gain members; callers ignore those they do not know. */

const Id = z.uuidv7()
const Time = z.iso.datetime()
const Count = z.int().min(0)
const Share = z.number().min(0).max(1)
const Milliseconds = z.number().min(0)

export const Memory = z.object({
  id: Id,
  text: z.string(),
  ts: Time,
  role: z.enum(['user', 'assistant']),
  speaker: z.string().optional(),
  tags: z.array(z.string()),
  conversation_id: z.string().nullable(),
  source: z.enum(['chat', 'ingest', 'import']),
  pinned: z.boolean(),
  edited_at: Time.optional(),
})

export const RecalledMemory = Memory.extend({
  score: Share,
  /** The score recomputes from them: docs/memory.md. */
  why: z.record(z.string(), z.number()),
  superseded_by: Id.optional(),
})

export const ChatAnswer = z.object({
  response: z.string(),
  context: z.array(RecalledMemory),
  usage: z.object({ prompt_tokens: Count, completion_tokens: Count, model: z.string() }),
  latency_ms: Milliseconds,
  /** Only where the answer was made by this call, and not replayed. */
  timings: z
    .object({ embed_ms: Milliseconds, recall_ms: Milliseconds, first_token_ms: Milliseconds })
    .optional(),
  user_id: z.string(),
  conversation_id: z.string(),
  message_id: z.string(),
  memory: z.object({
    message: z.enum(['stored', 'pending', 'failed']),
    reply: z.enum(['stored', 'pending', 'failed', 'off']),
  }),
})

export const ContextEvent = z.object({ context: z.array(RecalledMemory) })
export const TokenEvent = z.object({ text: z.string() })

export const IngestAnswer = z.object({ upserted: Count, ids: z.array(Id) })
export const MemoryPage = z.object({
  results: z.array(Memory),
  next_cursor: z.string().nullable(),
})
export const SearchAnswer = z.object({ results: z.array(RecalledMemory) })
export const Deleted = z.object({ deleted: z.int().min(1) })

export const ImportAnswer = z.object({
  added: Count,
  /** Remembered already. */
  skipped: Count,
  /** The first 1,000 of them. */
  refused: z.array(z.object({ line: z.int().min(1), message: z.string() })).max(1000),
  refused_count: Count,
})

export const Receipt = z.object({
  user_id: z.string(),
  removed: z.object({
    memories: Count,
    vectors: Count,
    lexical: Count,
    cache: Count,
    outbox: Count,
    replies: Count,
  }),
  /** `done`: the bytes are gone from files, logs and free space too. Ask again, within a minute. */
  scrubbed: z.enum(['pending', 'done']),
  verified: z.boolean(),
  at: Time,
})

const Check = z.looseObject({
  status: z.enum(['ok', 'degraded', 'error']),
  detail: z.string().optional(),
})
const Outward = z.enum(['ok', 'error', 'off'])

export const Health = z.object({
  status: z.enum(['ok', 'degraded', 'error']),
  pinecone: Outward,
  hf: Outward,
  version: z.string(),
  checks: z.object({
    store: Check.extend({ driver: z.string() }),
    embedder: Check.extend({ name: z.string() }),
    generator: Check.extend({ name: z.string() }),
  }),
  notes: z.array(z.string()),
})

/** RFC 9457. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  request_id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  /** `path` is a JSON Pointer, `message` says what is allowed. */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
})
