import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTestStore, said } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { UserId } from '../memory.ts'
import type { SqliteMemoryStore } from '../sqlite.ts'

const ada = 'ada' as UserId
const alan = 'alan' as UserId

function unit(number: number, dimension = 8): Float32Array {
  const vector = new Float32Array(dimension)
  vector[number] = 1
  return vector
}

const TALK = ['The train was late', 'We painted the kitchen', 'The garden needs rain', 'Sencha']

/** Memories without a word of the question: only their vectors tell them apart. */
async function saveTalk(store: SqliteMemoryStore, user: UserId) {
  const memories = TALK.map((text) => said(text))
  await store.forUser(user).save(memories.map((memory, at) => ({ memory, vectors: [unit(at)] })))
  return memories
}

const nearest = async (store: SqliteMemoryStore, embedding: Float32Array) => {
  const query = { text: 'beverage', embedding, at: new Date(), limit: 1, scoreThreshold: 0 }
  return (await store.forUser(ada).recall(query))[0]?.memory.text
}

describe('vectors of two embedders', () => {
  it('never meet: a question is compared with its own embedder’s only', async () => {
    await using folder = await temporaryFolder()
    await using store = openTestStore(join(folder.path, 'memory.db'))
    await saveTalk(store, ada)
    expect(await nearest(store, unit(3))).toBe('Sencha')
    expect(await nearest(store, unit(1))).toBe('We painted the kitchen')
    store.useEmbedder('other-8')
    const byWords = await nearest(store, unit(3))
    expect(await nearest(store, unit(1))).toBe(byWords)
    store.useEmbedder('test-8')
    expect(await nearest(store, unit(3))).toBe('Sencha')
  })

  it('may differ in dimension, but those of one may not', async () => {
    await using folder = await temporaryFolder()
    const store = openTestStore(join(folder.path, 'memory.db'), { embedderName: 'four' })
    await using _ = store
    const memories = store.forUser(ada)
    await memories.save([{ memory: said('tea'), vectors: [unit(0, 4)] }])
    const save = (vectors: Float32Array[]) => memories.save([{ memory: said('rum'), vectors }])
    await expect(save([unit(0, 8)])).rejects.toThrow(
      'four makes vectors of dimension 4; one had 8.',
    )
    await expect(save([unit(0, 4), unit(1, 4)])).rejects.toThrow('1 passages came with 2 vectors')
    const long = said('word '.repeat(200))
    const mixed = memories.save([{ memory: long, vectors: [unit(0, 4), unit(0, 8)] }])
    await expect(mixed).rejects.toThrow('differ in dimension')
    expect((await memories.list({ limit: 9 })).memories).toHaveLength(1)
    store.useEmbedder('eight')
    await save([unit(0, 8)])
    expect(await store.reembedding.embedders()).toEqual([
      { name: 'eight', dimension: 8, memories: 1 },
      { name: 'four', dimension: 4, memories: 1 },
    ])
  })

  it('are refused while no embedder is named', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file, { embedderName: undefined })
    const save = store.forUser(ada).save([{ memory: said('tea'), vectors: [unit(0)] }])
    await expect(save).rejects.toThrow('no embedder is named')
    await store.forUser(ada).save([{ memory: said('tea') }])
    expect(await store.reembedding.embedders()).toEqual([])
  })
})

describe('reembedding', () => {
  it('pages through what lacks vectors of an embedder, whoever’s it is', async () => {
    await using folder = await temporaryFolder()
    await using store = openTestStore(join(folder.path, 'memory.db'))
    const { reembedding } = store
    const adas = await saveTalk(store, ada)
    const bare = said('No vectors yet')
    await store.forUser(alan).save([{ memory: bare }])
    await store.forUser(alan).save([{ memory: said('Shown', { reach: 'list' }) }])
    expect(await reembedding.embedders()).toEqual([{ name: 'test-8', dimension: 8, memories: 4 }])
    expect(await reembedding.lacking('test-8', { limit: 9 })).toMatchObject([
      { userId: alan, id: bare.id, text: bare.text },
    ])
    store.useEmbedder('other-4')
    const first = await reembedding.lacking('other-4', { limit: 3 })
    const second = await reembedding.lacking('other-4', { limit: 3, after: first.at(-1)?.place })
    expect([...first, ...second].map(({ id }) => id)).toEqual([...adas, bare].map(({ id }) => id))
    expect(await reembedding.lacking('other-4', { limit: 3, after: second.at(-1)?.place })).toEqual(
      [],
    )
  })

  it('gives memories new vectors, which recall uses from then on, in other processes too', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using command = openTestStore(file, { embedderName: 'other-4' })
    await using store = openTestStore(file, { embedderName: 'other-4' })
    const old = openTestStore(file)
    await saveTalk(old, ada)
    await old.close()
    expect(await nearest(store, unit(3, 4))).toBe(await nearest(store, unit(1, 4)))
    const lacking = await command.reembedding.lacking('other-4', { limit: 9 })
    const embedded = lacking.map((memory, at) => ({ ...memory, vectors: [unit(at, 4)] }))
    expect(await command.reembedding.saveVectors(embedded)).toBe(4)
    expect(await nearest(store, unit(3, 4))).toBe('Sencha')
    expect(await nearest(store, unit(1, 4))).toBe('We painted the kitchen')
    expect(await command.reembedding.lacking('other-4', { limit: 9 })).toEqual([])
    expect(await store.forUser(ada).holdings()).toMatchObject({ memories: 4, vectors: 4, cache: 4 })
  })

  it('leaves alone what was edited or deleted since it was read', async () => {
    await using folder = await temporaryFolder()
    await using store = openTestStore(join(folder.path, 'memory.db'))
    const [train, kitchen] = await saveTalk(store, ada)
    store.useEmbedder('other-8')
    const lacking = await store.reembedding.lacking('other-8', { limit: 9 })
    await store.forUser(ada).update(train!.id, { text: 'The train was early' })
    await store.forUser(ada).delete(kitchen!.id)
    const embedded = lacking.map((memory) => ({ ...memory, vectors: [unit(5)] }))
    expect(await store.reembedding.saveVectors(embedded)).toBe(2)
    expect(await store.reembedding.lacking('other-8', { limit: 9 })).toMatchObject([
      { id: train!.id, text: 'The train was early' },
    ])
  })
})
