import { createHash } from 'node:crypto'
import type { Embedder } from './embedder.ts'

export interface EmbeddingCacheOptions {
  /** Vectors kept; the one that was not used for longest goes first. One of 384 numbers takes about 1.7 kB. */
  readonly maxEntries: number
}

export interface EmbeddingCache extends Embedder {
  readonly stats: () => EmbeddingCacheStats
  /** Forgets all vectors, and how many there were: nobody can tell whose text one was made of. */
  clear(): number
}

export interface EmbeddingCacheStats {
  /** Texts that were not asked for, since they were known or already on their way. */
  readonly hits: number
  readonly misses: number
  readonly entries: number
}

/**
 * An embedder that remembers its vectors by model and a hash of the text; no text is kept. A text that several
 * callers want at once is asked for once, and given up only when all of them have gone. Vectors are shared: they
 * must not be changed.
 */
export function createEmbeddingCache(
  embedder: Embedder,
  { maxEntries }: EmbeddingCacheOptions,
): EmbeddingCache {
  const known = new Map<string, Float32Array>() // In the order of their last use.
  const asked = new Map<string, Request>()
  let hits = 0
  let misses = 0

  function recall(key: string): Float32Array | undefined {
    const vector = known.get(key)
    if (!vector) return undefined
    known.delete(key)
    known.set(key, vector)
    return vector
  }

  function keep(key: string, vector: Float32Array) {
    known.set(key, vector)
    if (known.size <= maxEntries) return
    const [oldest] = known.keys()
    known.delete(oldest!)
  }

  /** Asks for texts that nobody has asked for, in one call. */
  function ask(texts: ReadonlyMap<string, string>): Request {
    const everyoneLeft = new AbortController()
    const keys = [...texts.keys()]
    const vectors = embedder
      .embed([...texts.values()], everyoneLeft.signal)
      .then((found) => new Map(keys.map((key, index) => [key, found[index]!])))
    const request = { vectors, everyoneLeft, waiting: 0 }
    for (const key of keys) asked.set(key, request)
    const settle = (found?: ReadonlyMap<string, Float32Array>) => {
      // What was cleared meanwhile is not remembered after all.
      const isWanted = keys.every((key) => asked.get(key) === request)
      for (const key of keys) if (asked.get(key) === request) asked.delete(key)
      if (isWanted) for (const [key, vector] of found ?? []) keep(key, vector)
    }
    vectors.then(settle, () => settle())
    return request
  }

  async function embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    signal?.throwIfAborted()
    const keys = texts.map((text) => keyOf(embedder.name, text))
    const vectors = new Map<string, Float32Array>()
    const requests = new Set<Request>()
    const missing = new Map<string, string>()
    for (const [index, key] of keys.entries()) {
      const vector = recall(key)
      const request = asked.get(key)
      if (vector) vectors.set(key, vector)
      else if (request && !request.everyoneLeft.signal.aborted) requests.add(request)
      else if (!missing.has(key)) {
        missing.set(key, texts[index]!)
        continue
      }
      hits += 1
    }
    misses += missing.size
    if (missing.size > 0) requests.add(ask(missing))
    for (const found of await Promise.all([...requests].map((each) => join(each, signal)))) {
      for (const [key, vector] of found) vectors.set(key, vector)
    }
    return keys.map((key) => vectors.get(key)!)
  }

  return {
    name: embedder.name,
    dimension: embedder.dimension,
    free: embedder.free,
    embed,
    stats: () => ({ hits, misses, entries: known.size }),
    clear() {
      const { size } = known
      known.clear()
      asked.clear()
      return size
    },
  }
}

/** Texts on their way, and who waits for them. */
interface Request {
  readonly vectors: Promise<ReadonlyMap<string, Float32Array>>
  readonly everyoneLeft: AbortController
  waiting: number
}

/** Waits for a request beside others; the last who leaves early ends it. */
async function join(request: Request, signal: AbortSignal | undefined) {
  request.waiting += 1
  const { promise: left, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal!.reason as Error)
  signal?.addEventListener('abort', onAbort)
  try {
    return await Promise.race([request.vectors, left])
  } finally {
    signal?.removeEventListener('abort', onAbort)
    request.waiting -= 1
    if (request.waiting === 0) request.everyoneLeft.abort()
  }
}

const keyOf = (model: string, text: string) =>
  createHash('sha256').update(`${model}\0${text}`).digest('base64url')
