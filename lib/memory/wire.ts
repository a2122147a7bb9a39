import type { Memory } from './memory.ts'
import type { Recalled } from './recall.ts'

/** Memories as callers see them: snake_case, times in UTC. */

export const memoryOnWire = (memory: Memory) => ({
  id: memory.id,
  text: memory.text,
  ts: memory.ts.toISOString(),
  role: memory.role,
  ...(memory.speaker === undefined ? {} : { speaker: memory.speaker }),
  tags: memory.tags,
  conversation_id: memory.conversationId ?? null,
  source: memory.source,
  pinned: memory.pinned,
  ...(memory.editedAt ? { edited_at: memory.editedAt.toISOString() } : {}),
})

export const recalledOnWire = ({ memory, score, why, supersededBy }: Recalled) => ({
  ...memoryOnWire(memory),
  score,
  why,
  ...(supersededBy === undefined ? {} : { superseded_by: supersededBy }),
})
