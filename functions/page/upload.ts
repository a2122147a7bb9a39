import * as z from 'zod'
import { derivedBytes, idTime, isMemoryId, uuidv7 } from '../../lib/memory/ids.ts'
import type { Memory } from '../../lib/memory/memory.ts'
import { ConversationIdText, RoleText, Tags, text, Timestamp } from '../../lib/schema.ts'

/** A line of the file that the page gives away. Members it does not know are another release's. */
const Line = z.object({
  id: z.string().optional(),
  text: text(1, 32_000),
  role: RoleText,
  ts: Timestamp,
  speaker: text(1, 64).optional(),
  tags: Tags.default([]),
  conversation_id: ConversationIdText.nullish(),
  pinned: z.boolean().default(false),
})

export interface ReadLines {
  readonly memories: readonly Memory[]
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
export function readLines(jsonl: string, firstLine: number): ReadLines {
  const memories: Memory[] = []
  const refused: RefusedLine[] = []
  for (const [index, line] of jsonl.split('\n').entries()) {
    if (line.trim() === '') continue
    const read = readLine(line)
    if (typeof read === 'string') refused.push({ line: firstLine + index, message: read })
    else memories.push(read)
  }
  return { memories, refused }
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
  const { id, conversation_id: conversationId, ts: at, ...rest } = parsed.data
  const ts = new Date(at)
  return {
    ...rest,
    id: id !== undefined && isIdOf(id, ts) ? id : uuidv7(ts, derivedBytes(line)),
    ts,
    conversationId: conversationId ?? undefined,
    source: 'import',
    reach: 'recall',
  }
}

/** The time of an id is that of its memory: another id would put it in another place. */
const isIdOf = (id: string, ts: Date) => isMemoryId(id) && idTime(id)?.getTime() === ts.getTime()
