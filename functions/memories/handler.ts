import { notFound } from '../../lib/errors.ts'
import { buffered, type Caller, json, MetricUnit, route } from '../../lib/function.ts'
import { oneOwner } from '../../lib/function/identity.ts'
import { editMemory } from '../../lib/memory/edit-memory.ts'
import { isMemoryId } from '../../lib/memory/ids.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import { embedQuestion } from '../../lib/memory/embed-memories.ts'
import { memoryOnWire, recalledOnWire } from '../../lib/memory/wire.ts'
import { services } from '../../lib/services.ts'
import { ConversationIdText } from '../../lib/schema.ts'
import { ListQuery, MemoryPatch, OneQuery, SearchRequest } from './schema.ts'

const opened = services()

/** Room for the longest text: 32,000 characters of four bytes, each byte escaped. */
const PATCH_LIMIT_BYTES = 512 * 1024

/** What is remembered of one user: list, search, read, change, forget. */
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

    'PATCH /api/memories/{id}': route(
      { query: OneQuery, body: MemoryPatch, bodyLimitBytes: PATCH_LIMIT_BYTES },
      async ({ query, body: { user_id, ...change }, params, caller, note, signal }) => {
        const { embedder } = await opened
        const owner = oneOwner(user_id, query.user_id)
        const memories = await memoriesOf(caller, owner, '/user_id', note)
        const memory = await editMemory({ memories, embedder }, idOf(params), change, signal)
        if (!memory) throw notFound('memory')
        return json(200, memoryOnWire(memory))
      },
    ),

    'DELETE /api/memories/{id}': route(
      { query: OneQuery },
      async ({ query, params, caller, note }) => {
        const { chat } = await opened
        const userId = caller.mustActAs(query.user_id, '/query/user_id')
        const memories = await memoriesOf(caller, userId, '/query/user_id', note)
        if (!(await memories.delete(idOf(params)))) throw notFound('memory')
        await chat.forgetDeleted(userId)
        return { statusCode: 204 }
      },
    ),

    'DELETE /api/conversations/{id}': route(
      { query: OneQuery },
      async ({ query, params, caller, note }) => {
        const { chat } = await opened
        const userId = caller.mustActAs(query.user_id, '/query/user_id')
        const memories = await memoriesOf(caller, userId, '/query/user_id', note)
        const conversation = ConversationIdText.safeParse(params['id'])
        const deleted = conversation.success
          ? await memories.deleteConversation(conversation.data)
          : 0
        if (deleted === 0) throw notFound('conversation')
        await chat.forgetDeleted(userId)
        note({ deleted })
        return json(200, { deleted })
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
