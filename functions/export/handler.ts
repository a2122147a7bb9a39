import { route, streamed } from '../../lib/function.ts'
import { jsonLines } from '../../lib/memory/json-lines.ts'
import { services } from '../../lib/services.ts'
import { UserQuery } from '../users/schema.ts'
import { userOf } from '../users/user-of.ts'

const opened = services()

/** All that is kept of one user, a page of memories at a time: however many there are, few are held at once. */
export const { routes, handler } = streamed(
  { name: 'export', access: 'api' },
  {
    'GET /api/users/{id}/export': route({ query: UserQuery }, async (call) => {
      const { store } = await opened
      const userId = userOf(call)
      return {
        statusCode: 200,
        headers: {
          'content-type': 'application/x-ndjson; charset=utf-8',
          'content-disposition': 'attachment; filename="memories.jsonl"',
        },
        body: await jsonLines(store.forUser(userId)),
      }
    }),
  },
)
