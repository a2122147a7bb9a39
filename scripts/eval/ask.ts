import { derivedBytes, uuidv7 } from '../../lib/memory/ids.ts'
import { embedMemories, embedQuestion } from '../../lib/memory/embed-memories.ts'
import type { Memory, UserId } from '../../lib/memory/memory.ts'
import { withPeriod } from '../../lib/memory/period.ts'
import { createRank, type Rank } from '../../lib/memory/rank.ts'
import { type Lever, unrelatedCosineOf } from '../../lib/memory/ranking/settings.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import type { Conversation, Dataset, Question } from './data.ts'
import type { EvalModels } from './embedders.ts'
import type { Answer } from './measures.ts'
import { openEvalStore, type StoreName } from './stores.ts'

/** What may differ from one round of questions to the next, over the same stored memories. */
export interface Round {
  readonly without: ReadonlySet<Lever>
  readonly limit: number
  /** Undefined: the default cut. */
  readonly scoreThreshold?: number | undefined
  /** Asks each question of the next conversation's user instead, who cannot know. */
  readonly ofStranger?: boolean | undefined
}

/** A dataset in the product's own store: each conversation is one user's whole memory. */
export interface Subject {
  ask(round: Round): Promise<Answered[]>
  close(): Promise<void>
}

export interface Answered extends Answer {
  readonly question: Question
}

const DAY_MS = 24 * 60 * 60 * 1_000
const SAVED_AT_ONCE = 500

export async function storeDataset(
  dataset: Dataset,
  models: EvalModels,
  storeName: StoreName,
): Promise<Subject> {
  let rank: Rank = createRank()
  const opened = await openEvalStore(storeName, (...args) => rank(...args), models.embedder)
  const { store } = opened
  const users: StoredUser[] = []
  for (const conversation of dataset.conversations) {
    const memories = store.forUser(`eval-${users.length}` as UserId)
    users.push(await storeConversation(conversation, memories, models))
  }
  await opened.settled()
  const embeddings = new Map<string, Float32Array | undefined>()

  async function answer(question: Question, round: Round): Promise<Answered> {
    const own = users.findIndex(({ id }) => id === question.conversation_id)
    const user = users[(own + (round.ofStranger ? 1 : 0)) % users.length]!
    const text = [...(question.context ?? []), question.question].join(' ')
    const key = `${user.id} ${text}`
    if (models.embedder && !embeddings.has(key)) {
      const embedded = await embedQuestion(models.embedder, user.memories, text)
      embeddings.set(key, embedded.embedding)
    }
    const query = await withPeriod({
      text,
      embedding: embeddings.get(key),
      at: question.asked_at ? timeOf(question.asked_at) : user.askedAt,
      limit: round.limit,
      scoreThreshold: round.scoreThreshold,
    })
    const results = await user.memories.recall(query)
    return {
      question,
      evidence: new Set(round.ofStranger ? [] : question.evidence),
      results: results.map(({ memory, score, supersededBy }) => ({
        turn: user.turnOf.get(memory.id)!,
        score,
        characters: memory.text.length,
        supersededBy: supersededBy === undefined ? undefined : user.turnOf.get(supersededBy),
      })),
    }
  }

  return {
    async ask(round) {
      const { embedder, wordNeighbours } = models
      const unrelatedCosine = unrelatedCosineOf(embedder?.name)
      rank = createRank({ wordNeighbours, without: round.without, unrelatedCosine })
      const answers: Answered[] = []
      for (const question of dataset.questions) answers.push(await answer(question, round))
      return answers
    },
    close: () => opened.close(),
  }
}

interface StoredUser {
  readonly id: string
  readonly memories: UserMemories
  readonly turnOf: ReadonlyMap<string, string>
  /** A day after the last turn. */
  readonly askedAt: Date
}

async function storeConversation(
  conversation: Conversation,
  memories: UserMemories,
  { embedder }: EvalModels,
): Promise<StoredUser> {
  const turnOf = new Map<string, string>()
  // Where only a role is known, it is no name: users and assistants talk, not people.
  const named = conversation.speakers.some((name) => name !== 'user' && name !== 'assistant')
  const all = conversation.turns.map((turn): Memory => {
    const ts = timeOf(turn.ts)
    const id = uuidv7(ts, derivedBytes(`${conversation.conversation_id} ${turn.id}`))
    turnOf.set(id, turn.id)
    return {
      id,
      role: turn.role,
      text: turn.text,
      ts,
      speaker: named ? turn.speaker : undefined,
      tags: [],
      conversationId: turn.session_id,
      source: 'ingest',
      reach: 'recall',
      pinned: false,
    }
  })
  for (let at = 0; at < all.length; at += SAVED_AT_ONCE) {
    const some = all.slice(at, at + SAVED_AT_ONCE)
    const vectors = embedder && (await embedMemories(embedder, some)).vectors
    if (embedder && !vectors) throw new Error(`${embedder.name} does not answer.`)
    await memories.save(some.map((memory, place) => ({ memory, vectors: vectors?.[place] })))
  }
  const lastMs = Math.max(...all.map(({ ts }) => ts.getTime()))
  return {
    id: conversation.conversation_id,
    memories,
    turnOf,
    askedAt: new Date(lastMs + DAY_MS),
  }
}

/** The data's times have no zone. */
function timeOf(ts: string): Date {
  return new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(ts) ? ts : `${ts}Z`)
}
