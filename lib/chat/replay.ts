import type { Memory } from '../memory/memory.ts'
import type { Recalled } from '../memory/recall.ts'
import type { Saved, UserMemories } from '../memory/store.ts'
import type { ReplyEvent } from './chat.ts'

/** How often the store is asked how far another process has come; its checkpoints are a second apart. */
export const FOLLOW_MS = 250

/** Tells a reply from what the store holds of it: whole, or growing while another process makes it. */
export function createFollower(memories: UserMemories) {
  let sentContext = false
  let sent = 0

  async function* grow(answer: Memory): AsyncGenerator<ReplyEvent> {
    if (!sentContext && answer.turn?.recalled) {
      sentContext = true
      yield { type: 'context', context: await readRecalled(memories, answer) }
    }
    if (answer.text.length > sent) {
      const text = answer.text.slice(sent)
      sent = answer.text.length
      yield { type: 'text', text }
    }
  }

  return {
    /** How much of the text was told already. */
    sent: () => sent,
    grow,
    async *finish(answer: Memory, pending: readonly string[]): AsyncGenerator<ReplyEvent> {
      yield* grow(answer)
      const context = await readRecalled(memories, answer)
      if (!sentContext) yield { type: 'context', context }
      const isOff = answer.reach === 'history' && answer.turn?.state === 'complete'
      const message = savedOf(answer.turn!.inReplyTo!, pending)
      const reply = isOff ? 'off' : savedOf(answer.id, pending)
      yield { type: 'end', outcome: { answer, context, saved: { message, reply } } }
    },
  }
}

/** How a memory of a turn stands, by what the store says of the turn. */
export const savedOf = (id: string, pending: readonly string[]): Saved =>
  pending.includes(id) ? 'pending' : 'stored'

/** What an answer was given, as it reads today; what was forgotten since is left out. */
export async function readRecalled(memories: UserMemories, answer: Memory): Promise<Recalled[]> {
  const pairs = answer.turn?.recalled ?? []
  const found = await Promise.all(
    pairs.map(async ({ id, score, why = {}, supersededBy }) => {
      const memory = await memories.get(id)
      return memory && { memory, score, why, ...(supersededBy ? { supersededBy } : {}) }
    }),
  )
  return found.filter((recalled) => recalled !== undefined)
}
