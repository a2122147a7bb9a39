import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTestStore, said } from '../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import type { Embedder } from '../models/embedder.ts'
import { startEmbeddingUpkeep } from './embedding-upkeep.ts'
import type { UserId } from './memory.ts'

const ada = 'ada' as UserId
const NOW = new Date('2026-03-01T12:00:00Z')

/** Counts what it was asked for; away until it is told otherwise. */
function countingEmbedder({ free }: { free: boolean }) {
  const asked: string[] = []
  const state = { isAway: false, asked }
  const embedder: Embedder = {
    name: 'new-2',
    dimension: 2,
    free,
    async embed(texts) {
      if (state.isAway) throw new Error('away')
      asked.push(...texts)
      return texts.map(() => Float32Array.of(1, 0))
    },
  }
  return { embedder, state }
}

async function startWith(free: boolean, isAway = false) {
  const folder = await temporaryFolder()
  const store = openTestStore(join(folder.path, 'memory.db'), { embedderName: 'old-1' })
  const at = new Date('2026-02-01T12:00:00Z')
  await store
    .forUser(ada)
    .save([
      { memory: said('by another embedder', { ts: at }), vectors: [Float32Array.of(1)] },
      { memory: said('by none', { ts: at }) },
      { memory: said('just now', { ts: NOW }), vectors: [Float32Array.of(1)] },
    ])
  const { embedder, state } = countingEmbedder({ free })
  state.isAway = isAway
  store.useEmbedder(embedder.name)
  const { reembedding } = store
  const upkeep = startEmbeddingUpkeep({ reembedding, embedder, now: () => NOW, intervalMs: 20 })
  return {
    upkeep,
    state,
    async [Symbol.asyncDispose]() {
      await upkeep.close()
      await store.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('startEmbeddingUpkeep', () => {
  it('embeds all that lacks its vectors where that is free, once', async () => {
    await using started = await startWith(true)
    const { upkeep, state } = started
    await expect.poll(() => upkeep.detail()).toBeUndefined()
    await new Promise((resolve) => setTimeout(resolve, 60)) // Rounds in which nothing is left.
    expect(state.asked.toSorted()).toEqual(['by another embedder', 'by none', 'just now'])
  })

  it('pays only for what no embedder has seen, and says what is left and how to go on', async () => {
    await using started = await startWith(false)
    const { upkeep, state } = started
    await expect.poll(() => state.asked).toEqual(['by none'])
    // What was said just now may be on its way.
    expect(await upkeep.detail()).toMatch(/^1 memory is .* new-2\. npm run reembed makes them\.$/)
    expect(state.asked).toEqual(['by none'])
  })

  it('goes on when an embedder that was away is back', async () => {
    await using started = await startWith(false, true)
    const { upkeep, state } = started
    expect(await upkeep.detail()).toMatch(/^2 memories/)
    state.isAway = false
    await expect.poll(() => state.asked).toEqual(['by none'])
  })
})
