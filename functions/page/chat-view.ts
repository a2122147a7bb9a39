import { randomBytes } from 'node:crypto'
import type { Services } from '../../lib/services.ts'
import type { Html } from '../../web/html.ts'
import { type ChatView, EXAMPLES } from '../../web/pages/chat.ts'
import type { Composer } from '../../web/partials/composer.ts'
import { titleOf } from '../../web/partials/conversations.ts'
import type { Visitor } from '../../web/layout.ts'
import type { HistoryWindow } from './history.ts'

/** 128 random bits: of a conversation nobody can guess, of a message that is sent once. */
export const newId = () => randomBytes(16).toString('base64url')

export const newComposer = (
  userId: string,
  conversationId: string,
  draftKey = conversationId,
): Composer => ({
  userId,
  conversationId,
  messageId: newId(),
  draftKey,
})

/** A conversation that has not begun: nothing of it is stored before its first message. */
export const emptyView = (userId: string, notes: Services['notes']): ChatView => ({
  title: 'New chat',
  items: [],
  composer: newComposer(userId, newId(), 'new'),
  exampleIds: Array.from({ length: EXAMPLES }, newId),
  notes,
})

export function conversationView(
  history: HistoryWindow,
  visitor: Visitor & { conversationId: string },
  notes: Services['notes'],
  more: { alert?: Html; draft?: string } = {},
): ChatView {
  const { conversationId, conversations } = visitor
  const summary = conversations.find(({ id }) => id === conversationId)
  const first = history.items[0]
  const firstText = first?.type === 'message' ? first.message.text : 'Conversation'
  return {
    title: titleOf(summary?.title ?? firstText),
    ...history,
    composer: {
      ...newComposer(visitor.userId, conversationId),
      draft: more.draft,
      reloads: !history.isEnd,
    },
    exampleIds: Array.from({ length: EXAMPLES }, newId),
    notes,
    alert: more.alert,
  }
}
