import * as z from 'zod'
import { Limit, ScoreThreshold, Tags, TopK, trimmedText, UserIdText } from '../../lib/schema.ts'

export const ListQuery = z.object({
  user_id: UserIdText.optional(),
  limit: Limit,
  cursor: z.string().max(512, 'This is no cursor of ours.').optional(),
})

export const OneQuery = z.object({ user_id: UserIdText.optional() })

export const SearchRequest = z.strictObject({
  user_id: UserIdText.optional(),
  query: trimmedText(1, 4000),
  top_k: TopK.optional(),
  score_threshold: ScoreThreshold.optional(),
  tags: Tags.optional(),
})
