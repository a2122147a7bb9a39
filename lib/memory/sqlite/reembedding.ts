import type { UserId } from '../memory.ts'
import type { Connection } from './connection.ts'
import type { Statements } from './statements.ts'
import type { Writer } from './writer.ts'

/** What it takes to give all memories the vectors of one embedder, whoever's they are. */
export interface Reembedding {
  /** The embedders whose vectors memories of reach `recall` have, the one of most memories first. */
  embedders(): Promise<readonly EmbedderShare[]>
  /**
   * Memories that recall may find and that lack vectors of this embedder, or, `unembedded`, that have none at all: oldest row
   * first, at most `limit`, behind `after` (the place of the last one seen).
   */
  lacking(
    embedderName: string,
    page: { limit: number; after?: number | undefined; unembedded?: boolean | undefined },
  ): Promise<readonly LackingMemory[]>
  /** How many lack vectors of this embedder that were said before a time. */
  countLacking(embedderName: string, before: Date): Promise<number>
  /**
   * Gives memories the vectors of the store's own embedder. What was edited or deleted since it was read is left as it is; how
   * many were given theirs.
   */
  saveVectors(
    embedded: readonly (LackingMemory & { readonly vectors: readonly Float32Array[] })[],
  ): Promise<number>
}

export interface EmbedderShare {
  readonly name: string
  readonly dimension: number
  readonly memories: number
}

export interface LackingMemory {
  readonly place: number
  readonly userId: UserId
  readonly id: string
  readonly text: string
}

export function createReembedding(
  connection: Connection,
  statements: Statements,
  writer: Writer,
): Reembedding {
  /** Of no embedder, and of all but this one: each is found by the index, so that few cost little. */
  const othersThan = (embedderName: string) => [
    null,
    ...statements
      .embedders()
      .filter(({ name }) => name !== embedderName)
      .map(({ embedder_no }) => embedder_no),
  ]

  return {
    embedders: () =>
      connection.read(() =>
        statements
          .embedders()
          .filter(({ memories }) => memories > 0)
          .map(({ name, dimension, memories }) => ({ name, dimension, memories })),
      ),

    countLacking: (embedderName, before) =>
      connection.read(() =>
        othersThan(embedderName)
          .map((embedderNo) => statements.countEmbeddedBy(embedderNo, before.getTime())!.memories)
          .reduce((sum, memories) => sum + memories, 0),
      ),

    lacking: (embedderName, { limit, after = 0, unembedded = false }) =>
      connection.read(() =>
        (unembedded ? [null] : othersThan(embedderName))
          .flatMap((embedderNo) => statements.embeddedBy(embedderNo, after, limit))
          .sort((a, b) => a.memory_no - b.memory_no)
          .slice(0, limit)
          .map(({ memory_no, user_id, id, text }) => ({
            place: memory_no,
            userId: user_id as UserId,
            id,
            text,
          })),
      ),

    saveVectors: (embedded) =>
      connection.write(() => {
        let saved = 0
        for (const { userId, id, text, vectors } of embedded) {
          const user = statements.user(userId)
          const row = user && statements.memory(user.user_no, id)
          if (!user || row?.text !== text) continue
          writer.setVectors(row.memory_no, user.revision + 1, text, vectors)
          statements.setRevision(user.revision + 1, user.user_no)
          saved++
        }
        return saved
      }),
  }
}
