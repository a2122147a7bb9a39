import { expect } from 'vitest'
import { newMemoryId } from '../../../lib/memory/ids.ts'
import type { Memory, UserId } from '../../../lib/memory/memory.ts'
import type { RecallQuery } from '../../../lib/memory/recall.ts'
import type { MemoryStore, UserMemories } from '../../../lib/memory/store.ts'

/** What the parts of the suite share. */
export interface Suite {
  readonly it: (title: string, run: () => Promise<void>) => void
  readonly open: () => Promise<MemoryStore>
  readonly reopen: (first: MemoryStore) => Promise<MemoryStore>
  /** The time of every store; a case may set it. */
  readonly clock: { now: Date }
}

export const ada = 'ada' as UserId
export const alan = 'alan' as UserId

/** What Ada says next, a minute after what was said before it; `changes` makes it something else. */
export function said(text: string, changes: Partial<Memory> = {}): Memory {
  const ts = changes.ts ?? new Date((lastMs += 60_000))
  return {
    id: newMemoryId(ts),
    role: 'user',
    text,
    ts,
    tags: [],
    source: 'chat',
    reach: 'recall',
    pinned: false,
    ...changes,
  }
}

let lastMs = Date.parse('2026-02-01T08:00:00.250Z')

/** A message of a conversation, as the chat stores it. */
export const asked = (text: string, messageId: string, changes: Partial<Memory> = {}) =>
  said(text, { conversationId: 'default', turn: { messageId, state: 'complete' }, ...changes })

/** Saves without vectors, and waits until the store shows it. */
export async function save(memories: UserMemories, ...toSave: Memory[]): Promise<void> {
  await memories.save(toSave.map((memory) => ({ memory })))
  await expect
    .poll(() => Promise.all(toSave.map(({ id }) => memories.get(id))), SOON)
    .not.toContain(undefined)
}

/** A save may take seconds to be seen. */
export const SOON = { timeout: 10_000, interval: 20 }

/** The bare ranking of what the user's memories have on a question. */
export async function recalled(
  memories: UserMemories,
  text: string,
  query: Partial<RecallQuery> = {},
): Promise<string[]> {
  const found = await memories.recall({
    text,
    at: new Date('2026-03-01T12:00:00Z'),
    limit: 20,
    scoreThreshold: 0,
    ...query,
  })
  return found.map(({ memory }) => memory.id)
}

export async function listed(memories: UserMemories, limit = 50): Promise<string[]> {
  return idsOf((await memories.list({ limit })).memories)
}

export const idsOf = (memories: readonly Memory[]) => memories.map(({ id }) => id)

/** A question that fits one memory best needs others that it could be mistaken for. */
export const SMALL_TALK = [
  'The train to Porto was late again',
  'My sister plays the violin on Sundays',
  'We painted the kitchen yellow',
  'I lost my umbrella at the museum',
  'The garden needs rain',
]

/** The message and the answer of a message id, whether they have arrived or are on their way. */
export async function saidUnder(memories: UserMemories, messageId: string) {
  const { pending: _, ...turn } = await memories.turn(messageId)
  return turn
}
