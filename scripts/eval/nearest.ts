import { passages } from '../../lib/memory/passages.ts'
import type { Subject } from './ask.ts'
import type { Dataset, Question } from './data.ts'
import type { EvalModels } from './embedders.ts'

/** What most memories of chatbots do, to compare with: the turns whose vectors are nearest to the question, and no more. */
export async function nearestTurns(dataset: Dataset, { embedder }: EvalModels): Promise<Subject> {
  if (!embedder) throw new Error('The nearest turns need vectors: choose an embedder.')
  const users = await Promise.all(
    dataset.conversations.map(async ({ conversation_id: id, turns }) => {
      const parts = turns.map(({ text }) => passages(text))
      const vectors = await embedder.embed(parts.flat())
      const owners = parts.flatMap((texts, turn) => texts.map(() => turn))
      return { id, turns, vectors, owners }
    }),
  )

  async function answer(question: Question, limit: number, ofStranger: boolean) {
    const own = users.findIndex(({ id }) => id === question.conversation_id)
    const { turns, vectors, owners } = users[(own + (ofStranger ? 1 : 0)) % users.length]!
    const text = [...(question.context ?? []), question.question].join(' ')
    const [embedding] = await embedder!.embed([text])
    const best = new Map<number, number>()
    for (const [at, vector] of vectors.entries()) {
      let cosine = 0
      for (let i = 0; i < vector.length; i++) cosine += vector[i]! * embedding![i]!
      const turn = owners[at]!
      if (cosine > (best.get(turn) ?? -Infinity)) best.set(turn, cosine)
    }
    const results = [...best].sort((a, b) => b[1] - a[1]).slice(0, limit)
    return {
      question,
      evidence: new Set(ofStranger ? [] : question.evidence),
      results: results.map(([turn, score]) => ({
        turn: turns[turn]!.id,
        score: Math.max(0, score),
        characters: turns[turn]!.text.length,
        supersededBy: undefined,
      })),
    }
  }

  return {
    async ask({ limit, ofStranger = false }) {
      const answers = []
      for (const question of dataset.questions) {
        answers.push(await answer(question, limit, ofStranger))
      }
      return answers
    },
    async close() {},
  }
}
