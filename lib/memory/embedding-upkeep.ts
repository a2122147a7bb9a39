import type { Embedder } from '../models/embedder.ts'
import { reembed } from './reembed.ts'
import type { Reembedding } from './sqlite/reembedding.ts'

/** Sees to it that memories get the vectors of the embedder in use. */
export interface EmbeddingUpkeep {
  /** What is to be told of memories that only their words find; undefined where there are none. */
  detail(): Promise<string | undefined>
  close(): Promise<void>
}

export interface EmbeddingUpkeepOptions {
  readonly reembedding: Reembedding
  readonly embedder: Embedder
  readonly now: () => Date
  readonly intervalMs?: number
}

const INTERVAL_MS = 60_000
/** What was said just now may be with the embedder still. */
const SETTLING_MS = 30_000

/**
 * Embeds in the background what lacks vectors: all of it where that is free; else only what has none at all, because the embedder was
 * away when it was said. What another embedder made is left to `npm run reembed` then: that costs money.
 */
export function startEmbeddingUpkeep(options: EmbeddingUpkeepOptions): EmbeddingUpkeep {
  const { reembedding, embedder, now, intervalMs = INTERVAL_MS } = options
  const closing = new AbortController()
  const run = () =>
    reembed({
      reembedding,
      embedder,
      unembedded: !embedder.free,
      signal: closing.signal,
    }).catch(() => {}) // An embedder or a store that is away is told of by its own status; the next round tries again.
  let running: Promise<unknown> = run()
  const rounds = setInterval(() => {
    running = running.then(run)
  }, intervalMs).unref()
  return {
    async detail() {
      const before = new Date(now().getTime() - SETTLING_MS)
      const lacking = await reembedding.countLacking(embedder.name, before).catch(() => 0)
      if (lacking === 0) return undefined
      const remedy = embedder.free ? 'Embedding goes on.' : 'npm run reembed makes them.'
      const found = lacking === 1 ? '1 memory is' : `${lacking} memories are`
      return `${found} found by words alone, for want of vectors of ${embedder.name}. ${remedy}`
    },
    async close() {
      closing.abort()
      clearInterval(rounds)
      await running
    },
  }
}
