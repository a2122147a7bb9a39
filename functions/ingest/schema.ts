import * as z from 'zod'
import {
  ConversationIdText,
  RoleText,
  Tags,
  text,
  TEXT_CHARACTERS,
  Timestamp,
  UserIdText,
} from '../../lib/schema.ts'

export const IngestRequest = z.strictObject({
  user_id: UserIdText.optional(),
  items: z
    .array(
      z.strictObject({
        text: text(1, TEXT_CHARACTERS),
        role: RoleText,
        ts: Timestamp.optional(),
        speaker: text(1, 64).optional(),
        tags: Tags.optional(),
        conversation_id: ConversationIdText.optional(),
      }),
      { error: 'items is a list of 1 to 1,000 items.' },
    )
    .min(1, 'There must be at least one item.')
    .max(1000, 'There may be at most 1,000 items.'),
})
export type IngestRequest = z.infer<typeof IngestRequest>
