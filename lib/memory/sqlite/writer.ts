import { Problem, StoreUnavailableError } from '../../errors.ts'
import type { Memory } from '../memory.ts'
import { passages } from '../passages.ts'
import type { MemoryToSave } from '../store.ts'
import { isUniqueViolation } from './connection.ts'
import { type MemoryRow, toBlob, toValues } from './rows.ts'
import type { Statements, UserRow } from './statements.ts'

type Vectors = MemoryToSave['vectors']

/** Writes rows of memories and their vectors. To be called in a transaction; `revision` is the user's next one. */
export interface Writer {
  add(user: UserRow, revision: number, toSave: MemoryToSave): void
  /** Vectors that are not given are kept while the text is the same. */
  replace(row: MemoryRow, revision: number, memory: Memory, vectors: Vectors): void
  /** Undefined takes those away that are there. */
  setVectors(memoryNo: number, revision: number, text: string, vectors: Vectors): void
}

/** Rows are numbered below 2^53, which is as far as a number in JavaScript counts. */
const ROWS_OF_USER = 2 ** 32
const USERS = 2 ** 21

export function createWriter(
  statements: Statements,
  embedderName: () => string | undefined,
): Writer {
  function numberOf(user: UserRow, revision: number): number {
    if (revision >= ROWS_OF_USER || user.user_no >= USERS) {
      throw new StoreUnavailableError('The memory file has given out all its numbers.')
    }
    return user.user_no * ROWS_OF_USER + revision
  }

  /** The number that stands beside vectors of this dimension; a name keeps its dimension for ever. */
  function embedderNo(dimension: number): number {
    const name = embedderName()
    if (name === undefined) throw new Error('Vectors were saved, but no embedder is named.')
    const embedder = statements.embedder(name) ?? statements.addEmbedder(name, dimension)!
    if (embedder.dimension !== dimension) {
      throw new Error(
        `${name} makes vectors of dimension ${embedder.dimension}; one had ${dimension}.`,
      )
    }
    return embedder.embedder_no
  }

  function checked(text: string, vectors: readonly Float32Array[]): readonly Float32Array[] {
    const count = passages(text).length
    if (vectors.length !== count) {
      throw new Error(`A text of ${count} passages came with ${vectors.length} vectors.`)
    }
    const dimension = vectors[0]?.length
    if (vectors.some(({ length }) => length !== dimension)) {
      throw new Error('The vectors of one text differ in dimension.')
    }
    return vectors
  }

  function setVectors(memoryNo: number, revision: number, text: string, vectors: Vectors): void {
    const found = vectors && checked(text, vectors)
    if (found?.[0] === undefined) {
      statements.setEmbedder(revision, null, memoryNo)
      statements.dropVectors(memoryNo)
    } else {
      statements.setEmbedder(revision, embedderNo(found[0].length), memoryNo)
      statements.putVectors(memoryNo, toBlob(found))
    }
  }

  return {
    add(user, revision, { memory, vectors }) {
      const memoryNo = numberOf(user, revision)
      refusingTwins(memory, () =>
        statements.addMemory(memoryNo, user.user_no, revision, memory.id, ...toValues(memory)),
      )
      if (vectors) setVectors(memoryNo, revision, memory.text, vectors)
    },
    replace(row, revision, memory, vectors) {
      refusingTwins(memory, () =>
        statements.setMemory(revision, ...toValues(memory), row.memory_no),
      )
      if (vectors !== undefined || memory.text !== row.text) {
        setVectors(row.memory_no, revision, memory.text, vectors)
      }
    },
    setVectors,
  }
}

/** A second message or answer under one message id is refused by the file itself. */
function refusingTwins(memory: Memory, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new Problem(
      409,
      'Another message',
      `The message_id ${memory.turn?.messageId} stands for another message already.`,
      { cause: error },
    )
  }
}
