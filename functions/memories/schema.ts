import * as z from 'zod'
import {
  Limit,
  ScoreThreshold,
  Tags,
  text,
  TEXT_CHARACTERS,
  TopK,
  trimmedText,
  UserIdText,
} from '../../lib/schema.ts'

export const ListQuery = z.object({
  user_id: UserIdText.optional(),
  limit: Limit,
  cursor: z.string().max(512, 'This is no cursor of ours.').optional(),
})

export const OneQuery = z.object({ user_id: UserIdText.optional() })

/** What is not given stays as it is. */
export const MemoryPatch = z.strictObject({
  user_id: UserIdText.optional(),
  text: text(1, TEXT_CHARACTERS).optional(),
  tags: Tags.optional(),
  pinned: z.boolean('pinned is true or false.').optional(),
})

export const SearchRequest = z.strictObject({
  user_id: UserIdText.optional(),
  query: trimmedText(1, 4000),
  top_k: TopK.optional(),
  score_threshold: ScoreThreshold.optional(),
  tags: Tags.optional(),
})
