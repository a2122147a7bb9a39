import * as z from 'zod'
import {
  ConversationIdText,
  MessageIdText,
  ScoreThreshold,
  Tags,
  TopK,
  trimmedText,
  UserIdText,
} from '../../lib/schema.ts'

/** 4,000 characters are about 1,000 tokens: a third of the smallest prompt budget. */
const MESSAGE_CHARACTERS = 4000

export const ChatRequest = z.strictObject({
  user_id: UserIdText.optional(),
  message: trimmedText(1, MESSAGE_CHARACTERS),
  top_k: TopK.optional(),
  score_threshold: ScoreThreshold.optional(),
  stream: z.boolean('stream is true or false.').optional(),
  /** Made by the caller, so that a request sent twice is one turn. */
  message_id: MessageIdText.optional(),
  /** Members nobody knows are ignored here: callers keep notes of their own in it. */
  metadata: z
    .object({ conversation_id: ConversationIdText.optional(), tags: Tags.optional() })
    .optional(),
})
