import type { Chat } from '../../lib/chat/chat.ts'
import type { UserId } from '../../lib/memory/memory.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import { isFresh } from './history.ts'

/** An answer that does not end by then writes on behind our back; it is stopped all the same. */
const PATIENCE_MS = 3000

/**
 * Ends the answer to a message wherever it is being made, and waits until its last word is stored: whoever deletes it
 * earlier would see it come back.
 */
export async function settleReply(chat: Chat, userId: UserId, messageId: string): Promise<void> {
  const watcher = { signal: AbortSignal.timeout(PATIENCE_MS), lingerMs: 0, remakes: false }
  try {
    for await (const event of chat.reply(userId, messageId, watcher)) {
      if (event.type === 'context') await chat.stop(userId, messageId)
    }
  } catch (error) {
    if (!watcher.signal.aborted) throw error
  }
}

/** The same for whatever is being answered in a conversation now. */
export async function settleConversation(
  chat: Chat,
  userId: UserId,
  memories: UserMemories,
  conversationId: string,
): Promise<void> {
  const [latest] = await memories.conversation(conversationId, { limit: 1 })
  if (!latest?.turn) return
  // In its first second an answer is in no store yet: only its message is.
  const isUnanswered = latest.role === 'user' && isFresh(latest, new Date())
  if (latest.turn.state === 'running' || isUnanswered) {
    await settleReply(chat, userId, latest.turn.messageId)
  }
}
