import type { UserMemories } from '../../lib/memory/store.ts'
import { memoryOnWire } from '../../lib/memory/wire.ts'

/** The largest page a store gives. */
const PAGE_MEMORIES = 200

/** Everything remembered of a user, newest first, one JSON object a line. */
export async function* jsonLines(memories: UserMemories): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const page = await memories.list({ limit: PAGE_MEMORIES, cursor })
    const lines = page.memories.map((memory) => `${JSON.stringify(memoryOnWire(memory))}\n`)
    if (lines.length > 0) yield lines.join('')
    cursor = page.nextCursor
  } while (cursor !== undefined)
}
