import { notFound } from '../../lib/errors.ts'
import { buffered, type Caller, json, MetricUnit, route } from '../../lib/function.ts'
import { isMemoryId } from '../../lib/memory/ids.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import { embedQuestion } from '../../lib/memory/embed-memories.ts'
import { memoryOnWire, recalledOnWire } from '../../lib/memory/wire.ts'
import { services } from '../../lib/services.ts'
import { ListQuery, OneQuery, SearchRequest } from './schema.ts'

const opened = services()

/** What is remembered of one user: list, search, read, forget. */
export const { routes, handler } = buffered(
  { name: 'memories', access: 'api' },
  {
    'GET /api/memories': route({ query: ListQuery }, async ({ query, caller, note }) => {
      const memories = await memoriesOf(caller, query.user_id, '/query/user_id', note)
      const page = await memories.list({ limit: query.limit, cursor: query.cursor })
      note({ listed: page.memories.length })
      return json(200, {
        results: page.memories.map(memoryOnWire),
        next_cursor: page.nextCursor ?? null,
      })
    }),

    'POST /api/memories/search': route({ body: SearchRequest }, async (call) => {
      const { body, caller, note, metrics, signal } = call
      const { embedder, config, takeCacheHits } = await opened
      const memories = await memoriesOf(caller, body.user_id, '/user_id', note)
      const { embedding, embedMs } = await embedQuestion(embedder, memories, body.query, signal)
      const startedAtMs = performance.now()
      const results = await memories.recall({
        text: body.query,
        embedding,
        at: new Date(),
        limit: body.top_k ?? config.topK,
        scoreThreshold: body.score_threshold ?? config.scoreThreshold,
        tags: body.tags,
      })
      metrics.addMetric('Embed', MetricUnit.Milliseconds, embedMs)
      metrics.addMetric('Recall', MetricUnit.Milliseconds, performance.now() - startedAtMs)
      metrics.addMetric('MemoriesRecalled', MetricUnit.Count, results.length)
      metrics.addMetric('EmbeddingCacheHits', MetricUnit.Count, takeCacheHits())
      note({ recalled: results.length })
      return json(200, { results: results.map(recalledOnWire) })
    }),

    'GET /api/memories/{id}': route(
      { query: OneQuery },
      async ({ query, params, caller, note }) => {
        const memories = await memoriesOf(caller, query.user_id, '/query/user_id', note)
        const memory = await memories.get(idOf(params))
        if (!memory || memory.reach === 'history') throw notFound('memory')
        return json(200, memoryOnWire(memory))
      },
    ),

    'DELETE /api/memories/{id}': route(
      { query: OneQuery },
      async ({ query, params, caller, note }) => {
        const memories = await memoriesOf(caller, query.user_id, '/query/user_id', note)
        if (!(await memories.delete(idOf(params)))) throw notFound('memory')
        return { statusCode: 204 }
      },
    ),
  },
)

async function memoriesOf(
  caller: Caller,
  claimed: string | undefined,
  path: string,
  note: (keys: { user_id: string }) => void,
): Promise<UserMemories> {
  const { store } = await opened
  const userId = caller.mustActAs(claimed, path)
  note({ user_id: userId })
  return store.forUser(userId)
}

/** What cannot be an id names nothing. */
function idOf({ id = '' }: Readonly<Record<string, string>>): string {
  if (!isMemoryId(id)) throw notFound('memory')
  return id
}
