import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { forkMemoryProcess } from '../../../test/fixtures/fork-memory-process.ts'
import { openTestStore, said } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { UserId } from '../memory.ts'

const ada = 'ada' as UserId
const query = (text: string) => ({ text, at: new Date(), limit: 20, scoreThreshold: 0 })

describe('two processes on one file', () => {
  it('see each other’s writes at once', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using other = await forkMemoryProcess(file)
    await using store = openTestStore(file)
    const here = store.forUser(ada)
    const tea = said('I only drink tea')
    await here.save([{ memory: tea }])
    const foundThere = await other.call(ada, 'recall', query('tea'))
    expect(foundThere.map(({ memory }) => memory)).toEqual([tea])

    const coffee = said('And coffee at work')
    await other.call(ada, 'save', [{ memory: coffee }])
    const foundHere = await here.recall(query('coffee'))
    expect(foundHere[0]?.memory).toEqual(coffee)

    await other.call(ada, 'delete', coffee.id)
    expect(await here.get(coffee.id)).toBeUndefined()
    expect((await here.recall(query('coffee'))).map(({ memory }) => memory)).toEqual([tea])

    expect(await here.lease('reply:1', 'here', 30_000)).toBe(true)
    expect(await other.call(ada, 'lease', 'reply:1', 'there', 30_000)).toBe(false)

    expect(await other.call(ada, 'clear')).toBe(1)
    expect(await here.recall(query('tea'))).toEqual([])
  })

  it('write at the same time without losing anything', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using other = await forkMemoryProcess(file)
    await using store = openTestStore(file)
    const mine = Array.from({ length: 100 }, (_, at) => said(`Mine ${at}`))
    const theirs = Array.from({ length: 100 }, (_, at) => said(`Theirs ${at}`))
    await Promise.all([
      ...mine.map((memory) => store.forUser(ada).save([{ memory }])),
      ...theirs.map((memory) => other.call(ada, 'save', [{ memory }])),
    ])
    expect(await store.forUser(ada).recall({ ...query('mine'), limit: 500 })).toHaveLength(200)
    expect(await other.call(ada, 'recall', { ...query('mine'), limit: 500 })).toHaveLength(200)
    expect(await store.forUser(ada).clear()).toBe(200)
  })

  it('can make the same new file at the same time', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'new', 'memory.db')
    const opened = await Promise.all([1, 2, 3].map(() => forkMemoryProcess(file)))
    await using processes = new AsyncDisposableStack()
    for (const process of opened) processes.use(process)
    await Promise.all(opened.map((other) => other.call(ada, 'save', [{ memory: said('Hi') }])))
    expect((await opened[0]!.call(ada, 'list', { limit: 9 })).memories).toHaveLength(3)
  })
})

describe('a process that is killed', () => {
  it('has lost nothing that it acknowledged, and left nothing half done', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const acknowledged: string[] = []
    for (const round of [1, 2, 3]) {
      await using other = await forkMemoryProcess(file)
      const calls = Array.from({ length: 400 }, async (_, at) => {
        const pair = ['question', 'answer'].map((text) => said(`${text} ${at} of round ${round}`))
        await other.call(
          ada,
          'save',
          pair.map((memory) => ({ memory })),
        )
        acknowledged.push(...pair.map(({ id }) => id))
      })
      await calls[20 * round]
      await other.kill()
      const outcomes = await Promise.allSettled(calls)
      expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
    }
    await using store = openTestStore(file)
    const stored = await store.forUser(ada).recall({ ...query('question'), limit: 5_000 })
    const ids = new Set(stored.map(({ memory }) => memory.id))
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(100)
    expect(ids.size % 2).toBe(0) // Each call saved two.
    await store.close()
    using database = new DatabaseSync(file)
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    expect(database.prepare('PRAGMA foreign_key_check').all()).toEqual([])
  })
})
