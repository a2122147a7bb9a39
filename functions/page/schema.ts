import * as z from 'zod'
import { isMemoryId } from '../../lib/memory/ids.ts'
import { ConversationIdText, MessageIdText, trimmedText, UserIdText } from '../../lib/schema.ts'
import { themes } from '../../web/layout.ts'

/** As in POST /api/chat: 4,000 characters. */
export const MessageText = trimmedText(1, 4000)

/** The text is judged by the handler: where there is no script it must come back with the page. */
export const MessageForm = z.object({ text: z.string(), message_id: MessageIdText })

export const UserForm = z.object({ user_id: UserIdText })

export const ThemeForm = z.object({ theme: z.enum(themes), back: z.string().default('/') })

export const HomeQuery = z.object({ user_id: UserIdText.optional().catch(undefined) })

const MemoryIdText = z.string().refine(isMemoryId, 'This is no id of a memory.')

export const ConversationQuery = z.object({
  before: MemoryIdText.optional().catch(undefined),
  at: MemoryIdText.optional().catch(undefined),
})

export const ForgetForm = z.object({ message_id: MessageIdText.optional() })

export const RestoreForm = z.object({ memory: z.string(), message_id: MessageIdText.optional() })

export const EmptyForm = z.object({})

export { ConversationIdText, MessageIdText }
