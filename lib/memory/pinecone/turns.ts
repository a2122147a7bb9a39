import type { UserId } from '../memory.ts'
import type { StoredTurn } from '../store.ts'
import { memoryIdOf } from './records.ts'
import type { UserMemoriesParts } from './user-memories.ts'

/** A message, its answer, and what two hosts may have made of them. */
const MOST_OF_MESSAGE = 10

/**
 * The message and the answer of a message id. Whose message was written on this disk lately, its answer was too: only
 * otherwise Pinecone is asked.
 */
export async function findTurn(
  userId: UserId,
  messageId: string,
  { reader, connection, statements, caches, hasDisk }: UserMemoriesParts,
): Promise<StoredTurn> {
  const here = async (): Promise<StoredTurn> => {
    const rows = await connection.read(() => statements.ofMessage(userId, messageId))
    const of = (role: string) => rows.find((row) => row.role === role)?.memory
    const pending = rows.filter((row) => row.sent_at < row.at).map(({ id }) => id)
    return { message: of('user'), answer: of('assistant'), pending }
  }
  const known = await here()
  if (known.message && hasDisk && (await isOwn(known.message.id))) return known
  try {
    const { matches } = await reader.query({
      topK: MOST_OF_MESSAGE,
      filter: { message_id: { $eq: messageId }, passage: { $eq: 0 } },
    })
    const memories = await reader.get(matches.map(({ id }) => memoryIdOf(id)))
    const of = (role: string) => memories.values().find((memory) => memory.role === role)
    const unseen = await here()
    const turn = {
      message: unseen.message ?? of('user'),
      answer: unseen.answer ?? of('assistant'),
      pending: unseen.pending,
    }
    if (!turn.message) caches.setAbsent(userId, messageId)
    return turn
  } catch (error) {
    if (!hasDisk) throw error
    return here() // Whatever was said under this id before is found when it is sent (lib/memory/pinecone/delivery.ts).
  }

  /** Made here, not taken over from Pinecone to be changed. */
  async function isOwn(id: string): Promise<boolean> {
    const row = await connection.read(() => statements.memory(userId, id))
    return row?.is_own === 1
  }
}
