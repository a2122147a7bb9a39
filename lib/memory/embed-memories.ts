import { unitSum } from '../models/vectors.ts'
import type { Embedder } from '../models/embedder.ts'
import type { Memory } from './memory.ts'
import { passages } from './passages.ts'
import { textToEmbed } from './recall.ts'
import type { UserMemories } from './store.ts'

/**
 * Vectors for each memory, one a passage, from one call to the embedder. Undefined where it does not answer: the
 * memories are stored all the same, found by their words, and embedded later.
 */
export async function embedMemories(
  embedder: Embedder,
  memories: readonly Memory[],
  signal?: AbortSignal,
): Promise<{ vectors: Float32Array[][] | undefined; embedMs: number }> {
  const startedAtMs = performance.now()
  const parts = memories.map(({ text }) => passages(text))
  const elapsed = () => performance.now() - startedAtMs
  try {
    const flat = await embedder.embed(parts.flat(), signal)
    let at = 0
    const vectors = parts.map(({ length }) => flat.slice(at, (at += length)))
    return { vectors, embedMs: elapsed() }
  } catch {
    signal?.throwIfAborted()
    return { vectors: undefined, embedMs: elapsed() }
  }
}

/**
 * The vector to recall by: of the question without the one speaker it names. Undefined where the embedder does not
 * answer; the words alone then recall.
 */
export async function embedQuestion(
  embedder: Embedder,
  memories: UserMemories,
  question: string,
  signal?: AbortSignal,
): Promise<{ embedding: Float32Array | undefined; embedMs: number }> {
  const startedAtMs = performance.now()
  const elapsed = () => performance.now() - startedAtMs
  const text = textToEmbed(question, await memories.speakers())
  try {
    const embedding = unitSum(await embedder.embed(passages(text), signal))
    return { embedding, embedMs: elapsed() }
  } catch {
    signal?.throwIfAborted()
    return { embedding: undefined, embedMs: elapsed() }
  }
}
