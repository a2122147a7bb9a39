import * as z from 'zod'
import {
  ConversationIdText,
  RoleText,
  Tags,
  text,
  Timestamp,
  UserIdText,
} from '../../lib/schema.ts'

/** A long article; it is stored whole and searched by its passages. */
const ITEM_CHARACTERS = 32_000

export const IngestRequest = z.strictObject({
  user_id: UserIdText.optional(),
  items: z
    .array(
      z.strictObject({
        text: text(1, ITEM_CHARACTERS),
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
