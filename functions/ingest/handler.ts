import { buffered, json, MetricUnit, route } from '../../lib/function.ts'
import type { Memory } from '../../lib/memory/memory.ts'
import { embedMemories } from '../../lib/memory/embed-memories.ts'
import { services } from '../../lib/services.ts'
import { IngestRequest } from './schema.ts'

const opened = services()

/** 1,000 items of a few thousand characters each. */
const BODY_LIMIT_BYTES = 6 * 1024 * 1024

/** Stores what was said elsewhere: all of it or nothing. */
export const { routes, handler } = buffered(
  { name: 'ingest', access: 'api' },
  {
    'POST /api/ingest': route(
      { body: IngestRequest, bodyLimitBytes: BODY_LIMIT_BYTES },
      async ({ body, caller, metrics, note, signal }) => {
        const { store, embedder, newId } = await opened
        const userId = caller.mustActAs(body.user_id, '/user_id')
        const now = new Date()
        const memories = body.items.map((item) => toMemory(item, now, newId))
        note({ user_id: userId, items: memories.length })
        const { vectors, embedMs } = await embedMemories(embedder, memories, signal)
        await store
          .forUser(userId)
          .save(memories.map((memory, index) => ({ memory, vectors: vectors?.[index] })))
        metrics.addMetric('Embed', MetricUnit.Milliseconds, embedMs)
        metrics.addMetric('MemoriesStored', MetricUnit.Count, memories.length)
        return json(200, { upserted: memories.length, ids: memories.map(({ id }) => id) })
      },
    ),
  },
)

function toMemory(
  item: IngestRequest['items'][number],
  now: Date,
  newId: (at: Date) => string,
): Memory {
  const ts = item.ts === undefined ? now : new Date(item.ts)
  return {
    id: newId(ts),
    role: item.role,
    text: item.text,
    ts,
    speaker: item.speaker,
    tags: item.tags ?? [],
    conversationId: item.conversation_id,
    source: 'ingest',
    reach: 'recall',
    pinned: false,
  }
}
