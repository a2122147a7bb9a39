import * as z from 'zod'
import { isMemoryId } from '../../lib/memory/ids.ts'
import {
  ConversationIdText,
  MessageIdText,
  Tags,
  TEXT_CHARACTERS,
  trimmedText,
  UserIdText,
} from '../../lib/schema.ts'
import { themes } from '../../web/layout.ts'

/** A browser sends the ends of lines as CR LF, a script as LF: the same text either way. */
const FormText = z.string().transform((value) => value.replaceAll('\r\n', '\n'))

/** As in POST /api/chat: 4,000 characters. */
export const MessageText = trimmedText(1, 4000)

/** The text is judged by the handler: where there is no script it must come back with the page. */
export const MessageForm = z.object({
  text: FormText,
  message_id: MessageIdText,
  user_id: UserIdText.optional(),
})

/** Needs no id of its own: sent twice, the second finds that the message is not the latest any more. */
export const EditedMessageForm = z.object({ text: FormText })

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

export const MemoriesQuery = z.object({
  cursor: z.string().optional(),
  q: z.string().trim().max(4000).optional().catch(undefined),
})

export const EditForm = z.object({
  text: FormText.pipe(trimmedText(1, TEXT_CHARACTERS)),
  tags: z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
    )
    .pipe(Tags),
})

export const PinForm = z.object({ pinned: z.enum(['true', 'false']) })

/** Typed, so that nobody loses everything by a slip of the finger. */
export const FORGET_ALL_WORDS = 'forget everything'

export const ForgetAllForm = z.object({
  confirm: z
    .string()
    .trim()
    .toLowerCase()
    .refine(
      (typed) => typed === FORGET_ALL_WORDS,
      `Type “${FORGET_ALL_WORDS}” to forget everything.`,
    ),
})

export const UploadForm = z.object({
  lines: FormText,
  /** Number of the first line in its file, which may come in parts. */
  first: z.coerce.number().int().min(1).default(1),
})

export const EmptyForm = z.object({})

export { ConversationIdText, MessageIdText }
