import type { UserId } from '../memory.ts'
import type { ConversationSummary } from '../store.ts'
import { fromRecord } from './conversations.ts'
import { both } from './reader.ts'
import { type Summary, toConversation } from './summary.ts'
import type { UserMemoriesParts } from './user-memories.ts'

const MOST_CONVERSATIONS = 1_000

/** All conversations, the one with the newest turn first: each has a record of its own in Pinecone. */
export async function listConversations(
  userId: UserId,
  limit: number,
  { reader, connection, statements, conversations, caches, hasDisk }: UserMemoriesParts,
): Promise<ConversationSummary[]> {
  const found = new Map<string, Summary>()
  try {
    const { all } = await reader.query({
      topK: MOST_CONVERSATIONS,
      filter: both({ turns: { $gt: 0 } }),
    })
    for (const { metadata } of all) {
      found.set(String(metadata['conversation']), fromRecord(metadata).summary)
    }
  } catch (error) {
    if (!hasDisk) throw error
  }
  const rows = await connection.read(() => statements.conversations(userId))
  const seen = caches.visibility.seen(userId)
  for (const row of rows) {
    const id = row.conversation_id
    if (caches.visibility.isShown(row, seen)) continue
    try {
      found.set(id, (await conversations.resolve(id)).summary)
    } catch (error) {
      if (!hasDisk) throw error
      if (row.summary) found.set(id, row.summary)
    }
  }
  const newestFirst = [...found]
    .filter(([, { turns }]) => turns > 0)
    .sort(([a, one], [b, two]) => two.newest.tsMs - one.newest.tsMs || (a < b ? -1 : 1))
    .slice(0, limit)
  const untitled = newestFirst.filter(([, { title }]) => title.text === '')
  const titles = await reader.get(untitled.map(([, { title }]) => title.id))
  return newestFirst.map(([id, summary]) =>
    toConversation(id, summary, titles.get(summary.title.id)?.text),
  )
}
