import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTestStore, said } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { createMemoryIndex, type MemoryIndex } from '../memory-index.ts'
import type { UserId } from '../memory.ts'
import { rank } from '../rank.ts'
import type { Ranking } from '../sqlite.ts'
import type { UserMemories } from '../store.ts'

const ada = 'ada' as UserId
const alan = 'alan' as UserId

/** Real ranking, over indexes that tell what was done to them; each counts as 100 bytes. */
function observed() {
  const log: string[] = []
  const ranking: Ranking = {
    rank,
    createIndex() {
      const index = createMemoryIndex()
      log.push('create')
      return {
        get memories() {
          return index.memories
        },
        get columns() {
          return index.columns
        },
        bytes: 100,
        put(memory) {
          index.put(memory)
          log.push(`put ${memory.text}`)
        },
        remove(id) {
          index.remove(id)
          log.push('remove')
        },
        speakers: () => index.speakers(),
      } satisfies MemoryIndex
    },
  }
  /** What was done since the last look. */
  return { ranking, done: () => log.splice(0) }
}

const texts = async (memories: UserMemories, text = 'drink') => {
  const found = await memories.recall({ text, at: new Date(), limit: 5_000, scoreThreshold: 0 })
  return found.map(({ memory }) => memory.text).toSorted()
}

describe('index cache', () => {
  it('builds an index on first use and then adds only what is new', async () => {
    await using folder = await temporaryFolder()
    const { ranking, done } = observed()
    await using store = openTestStore(join(folder.path, 'memory.db'), { ranking })
    const memories = store.forUser(ada)
    await memories.save(['tea', 'water'].map((text) => ({ memory: said(text) })))
    expect(done()).toEqual([])
    await texts(memories)
    expect(done()).toEqual(['create', 'put tea', 'put water'])
    await texts(memories)
    expect(done()).toEqual([])
    await memories.save([{ memory: said('coffee') }])
    expect(await texts(memories)).toEqual(['coffee', 'tea', 'water'])
    expect(done()).toEqual(['put coffee'])
  })

  it('is not asked for a question that wants no answers', async () => {
    await using folder = await temporaryFolder()
    const { ranking, done } = observed()
    await using store = openTestStore(join(folder.path, 'memory.db'), { ranking })
    await store.forUser(ada).save([{ memory: said('tea') }])
    const query = { text: 'tea', at: new Date() }
    expect(await store.forUser(ada).recall({ ...query, limit: 0 })).toEqual([])
    expect(done()).toEqual([])
    expect(await store.forUser(ada).recall({ ...query, limit: 1 })).toHaveLength(1)
    expect(done()).toEqual(['create', 'put tea'])
  })

  it('reads nothing twice when the newest memory was deleted before it began', async () => {
    await using folder = await temporaryFolder()
    const { ranking, done } = observed()
    await using store = openTestStore(join(folder.path, 'memory.db'), { ranking })
    const [tea, water] = [said('tea'), said('water')]
    await store.forUser(ada).save([{ memory: tea }, { memory: water }])
    await store.forUser(ada).delete(water.id)
    for (const _ of [1, 2, 3]) expect(await texts(store.forUser(ada))).toEqual(['tea'])
    expect(done()).toEqual(['create', 'put tea'])
  })

  it('adds what another process wrote or edited, without building anew', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const { ranking, done } = observed()
    await using store = openTestStore(file, { ranking })
    await using other = openTestStore(file)
    const [tea, water] = [said('tea'), said('water')]
    await store.forUser(ada).save([{ memory: tea }, { memory: water }])
    await texts(store.forUser(ada))
    done()
    await other.forUser(ada).save([{ memory: said('coffee') }])
    await other.forUser(ada).update(tea.id, { text: 'sencha' })
    await other.forUser(alan).save([{ memory: said('rum') }])
    expect(await texts(store.forUser(ada))).toEqual(['coffee', 'sencha', 'water'])
    expect(done()).toEqual(['put coffee', 'put sencha'])
  })

  it('builds anew after another process deleted, not after this one did', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const { ranking, done } = observed()
    await using store = openTestStore(file, { ranking })
    await using other = openTestStore(file)
    const all = ['tea', 'water', 'coffee'].map((text) => said(text))
    await store.forUser(ada).save(all.map((memory) => ({ memory })))
    await texts(store.forUser(ada))
    done()
    await store.forUser(ada).delete(all[2]!.id)
    expect(await texts(store.forUser(ada))).toEqual(['tea', 'water'])
    expect(done()).toEqual(['remove'])
    await other.forUser(ada).delete(all[0]!.id)
    expect(await texts(store.forUser(ada))).toEqual(['water'])
    expect(done()).toEqual(['create', 'put water'])
  })

  it('knows of a deletion elsewhere that came before one here', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file)
    await using other = openTestStore(file)
    const all = ['tea', 'water', 'coffee'].map((text) => said(text))
    await store.forUser(ada).save(all.map((memory) => ({ memory })))
    await texts(store.forUser(ada))
    await other.forUser(ada).delete(all[0]!.id)
    await store.forUser(ada).delete(all[1]!.id)
    expect(await texts(store.forUser(ada))).toEqual(['coffee'])
    expect(await store.forUser(ada).holdings()).toMatchObject({ cache: 1 })
  })

  it('lets others run while it builds, and leaves out what is deleted meanwhile', async () => {
    await using folder = await temporaryFolder()
    await using store = openTestStore(join(folder.path, 'memory.db'))
    const memories = store.forUser(ada)
    const all = Array.from({ length: 3_000 }, (_, at) => said(`drink ${at}`))
    await memories.save(all.map((memory) => ({ memory })))
    const found = texts(memories)
    await new Promise((resolve) => setImmediate(resolve)) // It has begun.
    const { cache: indexed } = await store.forUser(ada).holdings()
    expect(indexed).toBeGreaterThan(0)
    expect(indexed).toBeLessThan(3_000)
    await memories.delete(all[0]!.id)
    await memories.delete(all[2_999]!.id)
    await memories.save([{ memory: said('drink last') }])
    const alsoFound = texts(memories)
    const expected = [...all.slice(1, -1).map(({ text }) => text), 'drink last'].toSorted()
    expect(await found).toEqual(expected)
    expect(await alsoFound).toEqual(expected)
  })

  it('finds all when they are a multiple of what it reads at once', async () => {
    await using folder = await temporaryFolder()
    await using store = openTestStore(join(folder.path, 'memory.db'))
    const all = Array.from({ length: 1_000 }, (_, at) => said(`drink ${at}`))
    await store.forUser(ada).save(all.map((memory) => ({ memory })))
    expect(await texts(store.forUser(ada))).toHaveLength(1_000)
  })

  it('keeps the indexes of those who were here last, within its bytes', async () => {
    await using folder = await temporaryFolder()
    const { ranking, done } = observed()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file, { ranking, indexBytes: 250 })
    const [a, b, c] = ['a', 'b', 'c'].map((name) => store.forUser(name as UserId)) as [
      UserMemories,
      UserMemories,
      UserMemories,
    ]
    for (const [at, memories] of [a, b, c].entries()) {
      await memories.save([{ memory: said(`tea ${at}`) }])
    }
    await texts(a)
    await texts(b)
    await texts(a)
    await texts(c) // Pushes b out, who was longest away.
    done()
    await texts(a)
    expect(done()).toEqual([])
    await texts(b)
    expect(done()).toEqual(['create', 'put tea 1'])
    await texts(c)
    expect(done()).toEqual(['create', 'put tea 2'])
  })

  it('keeps one index however small its bytes are', async () => {
    await using folder = await temporaryFolder()
    const { ranking, done } = observed()
    await using store = openTestStore(join(folder.path, 'memory.db'), { ranking, indexBytes: 0 })
    await store.forUser(ada).save([{ memory: said('tea') }])
    await texts(store.forUser(ada))
    await texts(store.forUser(ada))
    expect(done()).toEqual(['create', 'put tea'])
  })

  it('forgets what it knew of a user who was cleared', async () => {
    await using folder = await temporaryFolder()
    await using store = openTestStore(join(folder.path, 'memory.db'))
    await store.forUser(ada).save([{ memory: said('tea') }])
    await texts(store.forUser(ada))
    expect(await store.forUser(ada).holdings()).toMatchObject({ memories: 1, vectors: 0, cache: 1 })
    await store.forUser(ada).clear()
    expect(await store.forUser(ada).holdings()).toMatchObject({ memories: 0, vectors: 0, cache: 0 })
  })

  it('builds anew for a user who was cleared elsewhere and came back', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const { ranking, done } = observed()
    await using store = openTestStore(file, { ranking })
    await using other = openTestStore(file)
    await store.forUser(ada).save([{ memory: said('tea') }])
    await texts(store.forUser(ada))
    await other.forUser(ada).clear()
    await other.forUser(ada).save([{ memory: said('rum') }])
    done()
    expect(await texts(store.forUser(ada))).toEqual(['rum'])
    expect(done()).toEqual(['create', 'put rum'])
  })

  it('finds by its words a text whose vectors were made for other passages', async () => {
    await using folder = await temporaryFolder()
    const { ranking, done } = observed()
    const picky: Ranking = {
      rank,
      createIndex() {
        const index = ranking.createIndex()
        return Object.assign(Object.create(index) as MemoryIndex, {
          put(memory: Parameters<MemoryIndex['put']>[0]) {
            if (memory.vectors) throw new RangeError('3 vectors for 1 passages.')
            index.put(memory)
          },
        })
      },
    }
    await using store = openTestStore(join(folder.path, 'memory.db'), { ranking: picky })
    const vectors = [new Float32Array([1, 0, 0, 0, 0, 0, 0, 0])]
    await store.forUser(ada).save([{ memory: said('tea'), vectors }])
    expect(await texts(store.forUser(ada), 'tea')).toEqual(['tea'])
    expect(done()).toEqual(['create', 'put tea'])
  })

  it('tries again after an index that could not be built', async () => {
    await using folder = await temporaryFolder()
    const { ranking } = observed()
    let isBroken = true
    const failing: Ranking = {
      rank,
      createIndex() {
        const index = ranking.createIndex()
        return Object.assign(Object.create(index) as MemoryIndex, {
          put(memory: Parameters<MemoryIndex['put']>[0]) {
            if (isBroken && memory.text === 'water') throw new Error('No room')
            index.put(memory)
          },
        })
      },
    }
    await using store = openTestStore(join(folder.path, 'memory.db'), { ranking: failing })
    await store.forUser(ada).save(['tea', 'water'].map((text) => ({ memory: said(text) })))
    await expect(texts(store.forUser(ada))).rejects.toThrow('No room')
    expect(await store.forUser(ada).holdings()).toMatchObject({ memories: 2, cache: 0 })
    isBroken = false
    expect(await texts(store.forUser(ada))).toEqual(['tea', 'water'])
  })
})
