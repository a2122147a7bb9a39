import { buffered, json, MetricUnit, route } from '../../lib/function.ts'
import { cookieSecret } from '../../lib/function/cookie-secret.ts'
import { eraseUser, type Receipt, surveyUser } from '../../lib/memory/erase-user.ts'
import { importLines } from '../../lib/memory/import-lines.ts'
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
      { query: UserQuery, takesLines: true, bodyLimitBytes: IMPORT_LIMIT_BYTES },
      async (call) => {
        const { store, embedder } = await opened
        const userId = userOf(call)
        const memories = store.forUser(userId)
        const { signal } = call
        const imported = await importLines(call.lines, { userId, memories, embedder, signal })
        const { added, skipped, refused } = imported
        call.note({ added, skipped, refused: refused.length })
        call.metrics.addMetric('MemoriesStored', MetricUnit.Count, added)
        return json(200, {
          added,
          skipped,
          refused: refused.slice(0, REFUSED_TOLD),
          refused_count: refused.length,
        })
      },
    ),

    'DELETE /api/users/{id}': route({ query: EraseQuery }, async (call) => {
      const { store, chat, config } = await opened
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
      call.note({ dry_run: call.query.dry_run, removed: receipt.removed.memories })
      return json(200, receiptOnWire(userId, receipt))
    }),
  },
)

const receiptOnWire = (userId: string, { removed, scrubbed, verified, at }: Receipt) => ({
  user_id: userId,
  removed,
  scrubbed,
  verified,
  at: at.toISOString(),
})
