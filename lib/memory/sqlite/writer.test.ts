import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { openTestStore, said } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { UserId } from '../memory.ts'

const ada = 'ada' as UserId
const alan = 'alan' as UserId

describe('row numbers', () => {
  it('are those of no other user when one has written 2^32 times', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file)
    await store.forUser(ada).save([{ memory: said('tea') }])
    using database = new DatabaseSync(file)
    database.exec(`UPDATE users SET revision = ${2 ** 32 - 2}`)
    await store.forUser(ada).save([{ memory: said('coffee') }])
    const full = { status: 503, message: 'The memory file has given out all its numbers.' }
    await expect(store.forUser(ada).save([{ memory: said('rum') }])).rejects.toMatchObject(full)
    await store.forUser(alan).save([{ memory: said('water') }])
    expect((await store.forUser(ada).list({ limit: 9 })).memories).toHaveLength(2)
  })

  it('end where JavaScript can count no further', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file)
    await store.forUser(ada).save([{ memory: said('tea') }])
    using database = new DatabaseSync(file)
    database.exec(`UPDATE sqlite_sequence SET seq = ${2 ** 21 - 1} WHERE name = 'users'`)
    await expect(store.forUser(alan).save([{ memory: said('rum') }])).rejects.toMatchObject({
      status: 503,
    })
    expect(await store.forUser(alan).clear()).toBe(0)
  })

  it('are never given to a second user', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file)
    using database = new DatabaseSync(file)
    const numberOf = () =>
      database.prepare('SELECT max(memory_no) AS no FROM memories').get()!['no']
    await store.forUser(ada).save([{ memory: said('tea') }])
    const adas = numberOf()
    await store.forUser(ada).clear()
    await store.forUser(alan).save([{ memory: said('rum') }])
    expect(numberOf()).toBeGreaterThan(Number(adas) + 1_000)
  })
})
