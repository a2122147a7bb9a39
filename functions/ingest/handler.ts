import { randomUUID } from 'node:crypto'
import { buffered, type Call, json, MetricUnit, route } from '../../lib/function.ts'
import type { Memory } from '../../lib/memory/memory.ts'
import { embedMemories } from '../../lib/memory/embed-memories.ts'
import { once } from '../../lib/memory/once.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
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
      { body: IngestRequest, bodyLimitBytes: BODY_LIMIT_BYTES, isIdempotent: true },
      async (call) => {
        const { store, newId } = await opened
        const { body, idempotencyKey, note } = call
        const userId = call.caller.mustActAs(body.user_id, '/user_id')
        note({ user_id: userId, items: body.items.length })
        const memories = store.forUser(userId)
        const now = new Date()
        if (idempotencyKey === undefined) return json(200, await ingest(call, memories, now, newId))
        const request = {
          key: `ingest:${idempotencyKey}`,
          content: JSON.stringify(body.items),
          now,
          seed: randomUUID(),
        }
        return json(
          200,
          await once(memories, request, (first) => ingest(call, memories, first.at, first.newId)),
        )
      },
    ),
  },
)

async function ingest(
  { body, metrics, signal }: Call<IngestRequest>,
  memories: UserMemories,
  now: Date,
  newId: (at: Date) => string,
): Promise<{ upserted: number; ids: string[] }> {
  const { embedder } = await opened
  const items = body.items.map((item) => toMemory(item, now, newId))
  const { vectors, embedMs } = await embedMemories(embedder, items, signal)
  await memories.save(items.map((memory, index) => ({ memory, vectors: vectors?.[index] })))
  metrics.addMetric('Embed', MetricUnit.Milliseconds, embedMs)
  metrics.addMetric('MemoriesStored', MetricUnit.Count, items.length)
  return { upserted: items.length, ids: items.map(({ id }) => id) }
}

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
