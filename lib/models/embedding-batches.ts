import { UpstreamError } from '../errors.ts'
import { UpstreamFault } from '../upstream/fault.ts'

export interface EmbeddingBatches {
  readonly upstream: string
  readonly dimension: number
  /** What the server allows at once. */
  readonly batchTexts: number
  /** Asks for some texts, none of them blank; the answer is checked here. */
  readonly ask: (texts: readonly string[]) => Promise<unknown>
}

/** What text-embeddings-inference allows at once unless told otherwise. */
export const BATCH_TEXTS = 32

/** Batches on the way at the same time: more would not be served sooner. */
const PARALLEL_BATCHES = 4

/** One vector of length 1 for each text, in order; a blank text, which servers refuse, has the zero vector. */
export async function embedInBatches(
  texts: readonly string[],
  { upstream, dimension, batchTexts, ask }: EmbeddingBatches,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = texts.map(() => new Float32Array(dimension))
  const asked = [...texts.keys()].filter((index) => texts[index]!.trim() !== '')
  const batches: number[][] = []
  for (let start = 0; start < asked.length; start += batchTexts) {
    batches.push(asked.slice(start, start + batchTexts))
  }
  const waiting = batches.values() // Shared: each worker takes the next.
  async function work() {
    for (const batch of waiting) {
      const answer = await ask(batch.map((index) => texts[index]!))
      const rows = checkRows(answer, batch.length, upstream, dimension)
      for (const [row, index] of batch.entries()) vectors[index] = toUnit(rows[row]!)
    }
  }
  try {
    await Promise.all(Array.from({ length: PARALLEL_BATCHES }, work))
  } finally {
    waiting.return?.(undefined)
  }
  return vectors
}

function checkRows(
  answer: unknown,
  count: number,
  upstream: string,
  dimension: number,
): readonly (readonly number[])[] {
  if (!Array.isArray(answer) || answer.length !== count || !answer.every(Array.isArray)) {
    throw new UpstreamFault(upstream, 'nonsense', { code: 'not_a_vector_a_text' })
  }
  const rows = answer as unknown[][]
  if (rows.some(([first]) => Array.isArray(first))) {
    throw new UpstreamError(
      upstream,
      'nonsense',
      `${upstream} answers a vector for each token: choose a model for sentences in HF_EMBEDDING_MODEL.`,
    )
  }
  const odd = rows.find(({ length }) => length !== dimension)
  if (odd) {
    throw new UpstreamError(
      upstream,
      'nonsense',
      `${upstream} answers vectors of ${odd.length} numbers where ${dimension} were expected: HF_EMBEDDING_MODEL or HF_EMBEDDING_DIMENSION is wrong.`,
    )
  }
  if (!rows.every((row) => row.every(Number.isFinite))) {
    throw new UpstreamFault(upstream, 'nonsense', { code: 'not_finite' })
  }
  return rows as number[][]
}

function toUnit(row: readonly number[]): Float32Array {
  let sum = 0
  for (const value of row) sum += value * value
  const length = Math.sqrt(sum)
  const vector = Float32Array.from(row)
  if (length > 0) for (let index = 0; index < vector.length; index += 1) vector[index]! /= length
  return vector
}
