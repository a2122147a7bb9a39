import * as z from 'zod'
import { UserIdText } from '../../lib/schema.ts'

/** The path names the user; whoever names one in the query too must mean the same. */
export const UserQuery = z.object({ user_id: UserIdText.optional() })

export const EraseQuery = UserQuery.extend({
  dry_run: z
    .enum(['true', 'false'], 'dry_run is true or false.')
    .default('false')
    .transform((value) => value === 'true'),
})
