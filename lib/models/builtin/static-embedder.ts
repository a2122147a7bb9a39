import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { Embedder } from '../embedder.ts'
import { readStaticTable, type StaticTable } from './static-table.ts'

/** Reads and checks the table file, 4 MB. Rejects with what to do when it is missing, damaged or of another format. */
export async function loadStaticTable(path: string | URL): Promise<StaticTable> {
  try {
    return readStaticTable(await readFile(path))
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
    throw new Error(
      `The built-in embedder cannot use its table ${String(path)}: ${reason}. Restore that file from the release.`,
      { cause },
    )
  }
}

/**
 * The built-in embedder: a text's vector is the sum of its word pieces' vectors, made length 1. No network, no
 * native code, some microseconds a sentence.
 */
export function createStaticEmbedder(table: StaticTable): Embedder {
  return {
    name: table.name,
    dimension: table.dimension,
    free: true,
    async embed(texts, signal) {
      const vectors: Float32Array[] = []
      for (const text of texts) {
        if (vectors.length % BATCH_TEXTS === 0) {
          if (vectors.length > 0) await setImmediate()
          signal?.throwIfAborted()
        }
        vectors.push(embedText(table, text))
      }
      return vectors
    },
  }
}

/** The vector of one text. The zero vector when it has no known word: two unknown words do not mean the same. */
export function embedText(table: StaticTable, text: string): Float32Array {
  const { dimension, scales, cells, wordPiece } = table
  const vector = new Float32Array(dimension)
  const ids = wordPiece.encode(text, LIMIT_PIECES)
  if (ids.every((id) => id === wordPiece.unknown)) return vector
  for (const id of ids) {
    const scale = scales[id]!
    let cell = id * dimension
    for (let i = 0; i < dimension; i++) vector[i]! += scale * cells[cell++]!
  }
  let square = 0
  for (const x of vector) square += x * x
  if (square > 0) {
    const factor = 1 / Math.sqrt(square)
    for (let i = 0; i < dimension; i++) vector[i]! *= factor
  }
  return vector
}

/** As many pieces as the teacher reads with [CLS] and [SEP]; more than any passage has. */
const LIMIT_PIECES = 254

/** After so many texts, some 2 ms at their longest, whoever else waits for the thread gets it. */
const BATCH_TEXTS = 64
