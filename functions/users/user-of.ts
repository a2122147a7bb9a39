import { notFound } from '../../lib/errors.ts'
import type { Call } from '../../lib/function.ts'
import { oneOwner } from '../../lib/function/identity.ts'
import type { UserId } from '../../lib/memory/memory.ts'
import { UserIdText } from '../../lib/schema.ts'

/** The user that a path is about, if the caller may act as them. What cannot be a user id names nobody. */
export function userOf({
  params,
  query,
  caller,
  note,
}: Pick<
  Call<unknown, unknown, { user_id?: string | undefined }>,
  'params' | 'query' | 'caller' | 'note'
>): UserId {
  const named = UserIdText.safeParse(params['id'])
  if (!named.success) throw notFound('user')
  const userId = caller.mustActAs(oneOwner(named.data, query.user_id), '/query/user_id')
  note({ user_id: userId })
  return userId
}
