import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Embedder } from '../models/embedder.ts'
import { passages } from './passages.ts'
import type { Reembedding } from './sqlite/reembedding.ts'

export interface ReembedOptions {
  readonly reembedding: Reembedding
  readonly embedder: Embedder
  /** Leaves alone what has vectors of another embedder. Default false. */
  readonly unembedded?: boolean
  readonly signal?: AbortSignal
  /** Called after each page, with how many were embedded by this call. */
  readonly onProgress?: (embedded: number) => void
}

/** So many memories are embedded and saved together: what an interruption may cost. */
const PAGE_MEMORIES = 64

/**
 * Gives memories the vectors of this embedder, page by page, while others read and write them; how many it gave theirs. What is done
 * is in the store, so a later call goes on where this one ended. Rejects as the embedder and the store do, and ends early,
 * without a failure, when the signal fires.
 */
export async function reembed(options: ReembedOptions): Promise<number> {
  const { reembedding, embedder, unembedded, signal, onProgress } = options
  let embedded = 0
  let after: number | undefined
  for (;;) {
    const page = await reembedding.lacking(embedder.name, {
      limit: PAGE_MEMORIES,
      after,
      unembedded,
    })
    const last = page.at(-1)
    if (!last || signal?.aborted) return embedded
    const parts = page.map(({ text }) => passages(text))
    const vectors = await embedder.embed(parts.flat())
    let at = 0
    embedded += await reembedding.saveVectors(
      page.map((memory, index) => ({
        ...memory,
        vectors: vectors.slice(at, (at += parts[index]!.length)),
      })),
    )
    after = last.place
    onProgress?.(embedded)
    await nextTurn() // A request in between comes first.
  }
}
