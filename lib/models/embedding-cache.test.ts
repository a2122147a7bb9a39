import { describe, expect, it } from 'vitest'
import type { Embedder } from './embedder.ts'
import { createEmbeddingCache } from './embedding-cache.ts'

/** An embedder that answers when told to, a vector of the text's length. */
function openEmbedder(name = 'test@1') {
  const calls: { texts: readonly string[]; answer(): void; fail(error: Error): void }[] = []
  const ended: unknown[] = []
  const embedder: Embedder = {
    name,
    dimension: 1,
    free: false,
    async embed(texts, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Float32Array[]>()
      signal?.addEventListener('abort', () => ended.push(texts)) // Slow to notice, as a driver may be.
      const answer = () => resolve(texts.map((text) => Float32Array.of(text.length)))
      calls.push({ texts, answer, fail: reject })
      return promise
    },
  }
  return { embedder, calls, ended, asked: () => calls.map(({ texts }) => texts) }
}

const numbers = async (vectors: Promise<Float32Array[]>) => (await vectors).map(([value]) => value)

describe('A cache of embeddings', () => {
  it('asks for each text once, and gives vectors in the order of the texts', async () => {
    const { embedder, calls, asked } = openEmbedder()
    const cache = createEmbeddingCache(embedder, { maxEntries: 10 })
    expect(cache).toMatchObject({ name: 'test@1', dimension: 1, free: false })
    const first = numbers(cache.embed(['a', 'bb', 'a']))
    calls[0]!.answer()
    expect(await first).toEqual([1, 2, 1])
    const second = numbers(cache.embed(['ccc', 'bb']))
    calls[1]!.answer()
    expect(await second).toEqual([3, 2])
    expect(await numbers(cache.embed(['a']))).toEqual([1])
    expect(asked()).toEqual([['a', 'bb'], ['ccc']])
    expect(cache.stats()).toEqual({ hits: 3, misses: 3, entries: 3 })
  })

  it('forgets what was not used for longest', async () => {
    const { embedder, calls, asked } = openEmbedder()
    const cache = createEmbeddingCache(embedder, { maxEntries: 2 })
    const embed = async (text: string) => {
      const vectors = cache.embed([text])
      calls.at(-1)?.answer()
      await vectors
    }
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await embed(text)
    expect(asked()).toEqual([['a'], ['b'], ['c'], ['b']])
    expect(cache.stats().entries).toBe(2)
  })

  it('asks once for a text that several want at the same time', async () => {
    const { embedder, calls, asked } = openEmbedder()
    const cache = createEmbeddingCache(embedder, { maxEntries: 10 })
    const first = numbers(cache.embed(['a', 'bb']))
    const second = numbers(cache.embed(['bb', 'ccc']))
    calls[0]!.answer()
    calls[1]!.answer()
    expect([await first, await second]).toEqual([
      [1, 2],
      [2, 3],
    ])
    expect(asked()).toEqual([['a', 'bb'], ['ccc']])
    expect(cache.stats()).toEqual({ hits: 1, misses: 3, entries: 3 })
  })

  it('gives a shared call up only when all who wait for it have gone', async () => {
    const { embedder, calls, ended } = openEmbedder()
    const cache = createEmbeddingCache(embedder, { maxEntries: 10 })
    const [ada, alan] = [new AbortController(), new AbortController()]
    const first = cache.embed(['a'], ada.signal)
    const second = cache.embed(['a'], alan.signal)
    ada.abort(new Error('Ada left'))
    await expect(first).rejects.toThrow('Ada left')
    expect(ended).toEqual([])
    alan.abort(new Error('Alan left'))
    await expect(second).rejects.toThrow('Alan left')
    expect(ended).toEqual([['a']])
    const third = numbers(cache.embed(['a'])) // Does not wait for the call that was given up.
    calls[0]!.fail(new Error('given up'))
    calls[1]!.answer()
    expect(await third).toEqual([1])
    await expect(cache.embed(['a'], alan.signal)).rejects.toThrow('Alan left')
  })

  it('keeps no failure', async () => {
    const { embedder, calls, asked } = openEmbedder()
    const cache = createEmbeddingCache(embedder, { maxEntries: 10 })
    const failing = cache.embed(['a'])
    calls[0]!.fail(new Error('away'))
    await expect(failing).rejects.toThrow('away')
    const again = numbers(cache.embed(['a']))
    calls[1]!.answer()
    expect(await again).toEqual([1])
    expect(asked()).toEqual([['a'], ['a']])
  })

  it('forgets all when it is cleared, and does not learn what was on its way', async () => {
    const { embedder, calls } = openEmbedder()
    const cache = createEmbeddingCache(embedder, { maxEntries: 10 })
    const kept = cache.embed(['a'])
    calls[0]!.answer()
    await kept
    const late = cache.embed(['b'])
    expect(cache.clear()).toBe(1)
    calls[1]!.answer()
    await late
    expect(cache.stats().entries).toBe(0)
  })
})
