import { config } from '../config.ts'
import { oncePerProcess } from '../process.ts'
import { createRateLimit } from '../rate-limit.ts'
import { userIdPattern } from '../schema.ts'
import type { Caller } from './identity.ts'

/** What a request says beside who sent it. */
export interface Named {
  readonly body: unknown
  readonly query: unknown
  readonly params: Readonly<Record<string, string>>
  readonly path: string
}

/**
 * One bucket a user, shared by all functions of a process; whoever names nobody has only that of their address.
 * Resolves to the headers that tell what is left; rejects with 429, and with 404 for a user the caller may not name.
 */
export async function takeFromUserLimit(
  caller: Caller,
  named: Named,
): Promise<Readonly<Record<string, string>>> {
  const limit = oncePerProcess('userLimit', () => createRateLimit('user', config().rateLimitUser))
  const userId = limit && caller.mayActAs(claimIn(named))
  return limit && userId !== undefined ? limit.take(userId) : {}
}

/** Whom a request names, wherever it does. */
function claimIn({ body, query, params: { id = '' }, path }: Named): string | undefined {
  const claimOf = (input: unknown) => (input as { user_id?: string } | undefined)?.user_id
  const ofPath = path.startsWith('/api/users/') && userIdPattern.test(id) ? id : undefined
  return claimOf(body) ?? claimOf(query) ?? ofPath
}
