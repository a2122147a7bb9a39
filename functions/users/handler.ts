import { randomUUID } from 'node:crypto'
import { buffered, type Call, json, MetricUnit, route } from '../../lib/function.ts'
import { cookieSecret } from '../../lib/function/cookie-secret.ts'
import { eraseUser, type Receipt, surveyUser } from '../../lib/memory/erase-user.ts'
import { importLines } from '../../lib/memory/import-lines.ts'
import type { UserId } from '../../lib/memory/memory.ts'
import { once } from '../../lib/memory/once.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import { services } from '../../lib/services.ts'
import { EraseQuery, UserQuery } from './schema.ts'
import { userOf } from './user-of.ts'

const opened = services()

/** As much as ingest takes. */
const IMPORT_LIMIT_BYTES = 6 * 1024 * 1024

/** Refused lines that are told one by one: a file of another kind has nothing but them. */
const REFUSED_TOLD = 1000

/** All that is kept of one user, at once: taken in and erased. It is given away by the function `export`. */
export const { routes, handler } = buffered(
  { name: 'users', access: 'api' },
  {
    'POST /api/users/{id}/import': route(
      {
        query: UserQuery,
        takesLines: true,
        bodyLimitBytes: IMPORT_LIMIT_BYTES,
        isIdempotent: true,
      },
      async (call) => {
        const { store } = await opened
        const userId = userOf(call)
        const memories = store.forUser(userId)
        const { idempotencyKey, lines } = call
        const work = () => importInto(call, userId, memories)
        if (idempotencyKey === undefined) return json(200, await work())
        const request = {
          key: `import:${idempotencyKey}`,
          content: lines,
          now: new Date(),
          seed: randomUUID(),
        }
        // A line without an id has one that follows from what it says: a repeat makes no others.
        return json(200, await once(memories, request, work))
      },
    ),

    'DELETE /api/users/{id}': route({ query: EraseQuery }, async (call) => {
      const { store, chat, config, forgetCached } = await opened
      const userId = userOf(call)
      const now = () => new Date()
      const receipt = call.query.dry_run
        ? await surveyUser({ store, userId, now })
        : await eraseUser({
            store,
            userId,
            secret: cookieSecret(config),
            now,
            forgetDeleted: (erased) => chat.forgetDeleted(erased),
          })
      // Whose texts the kept vectors are of is not known any more; others' are made anew when they are needed.
      if (!call.query.dry_run) forgetCached()
      call.note({ dry_run: call.query.dry_run, removed: receipt.removed.memories })
      return json(200, receiptOnWire(userId, receipt))
    }),
  },
)

async function importInto(call: Call, userId: UserId, memories: UserMemories) {
  const { embedder } = await opened
  const { signal } = call
  const imported = await importLines(call.lines, { userId, memories, embedder, signal })
  const { added, skipped, refused } = imported
  call.note({ added, skipped, refused: refused.length })
  call.metrics.addMetric('MemoriesStored', MetricUnit.Count, added)
  return {
    added,
    skipped,
    refused: refused.slice(0, REFUSED_TOLD),
    refused_count: refused.length,
  }
}

const receiptOnWire = (userId: string, { removed, scrubbed, verified, at }: Receipt) => ({
  user_id: userId,
  removed,
  scrubbed,
  verified,
  at: at.toISOString(),
})
