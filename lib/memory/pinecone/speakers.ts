import type { UserId } from '../memory.ts'
import { both } from './reader.ts'
import type { UserMemoriesParts } from './user-memories.ts'

/** Of more people than that a question names none by accident. */
const MOST_SPEAKERS = 32

/** The named people whose words recall may find: asked for one by one, each time without those that are known. */
export async function findSpeakers(
  userId: UserId,
  { reader, connection, statements, caches, hasDisk }: UserMemoriesParts,
): Promise<readonly string[]> {
  const here = await connection.read(() =>
    statements.speakers(userId).map(({ speaker }) => speaker),
  )
  const known = caches.speakers(userId)
  if (known) return [...new Set([...known, ...here])]
  const { rows } = await connection.read(() => statements.count(userId)!)
  const found: string[] = []
  try {
    while (found.length < MOST_SPEAKERS) {
      const { all, matches } = await reader.query({
        // What is deleted but still shown must not hide everyone else.
        topK: 1 + rows,
        filter: both(
          { reach: { $eq: 'recall' } },
          { speaker: { $exists: true } },
          ...(found.length > 0 ? [{ speaker: { $nin: [...found] } }] : []),
        ),
      })
      if (matches.length === 0) break
      found.push(...new Set(matches.map(({ metadata }) => String(metadata['speaker']))))
      if (all.length < 1 + rows) break
    }
  } catch (error) {
    if (!hasDisk) throw error
    return [...new Set(here)]
  }
  caches.setSpeakers(userId, found)
  return [...new Set([...found, ...here])]
}
