import { createMemoryIndex } from './memory-index.ts'
import { withPeriod } from './period.ts'
import type { Rank } from './rank.ts'

/**
 * Ranks a few lines for questions, all made up: the first real one then finds the code compiled, what reads dates loaded and the
 * words' neighbours at hand, for which it would wait 100 ms.
 */
export async function rehearseRecall(rank: Rank): Promise<void> {
  const index = createMemoryIndex()
  for (const [at, text] of LINES.entries()) {
    index.put({ id: String(at), tsMs: at, role: 'user', text, tags: [], source: 'chat' })
  }
  // Node compiles a pattern when it is run again, not when it is run first.
  for (const text of QUESTIONS) {
    rank(index, await withPeriod({ text, at: new Date(LINES.length), limit: LINES.length }))
  }
}

const QUESTIONS = [
  'Where did I put the key of the garden shed yesterday?',
  'What used to grow in the shed last summer, before the bicycles came?',
  'Which pot did my sister like when we were there on Monday?',
]
const LINES = [
  'I put the key of the garden shed under the blue flower pot.',
  'My sister used to grow tomatoes there, now it is full of bicycles.',
]
