import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, vi } from 'vitest'
import { forkMemoryProcess } from '../../../test/fixtures/fork-memory-process.ts'
import { openTestStore, said } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { UserId } from '../memory.ts'
import type { SqliteMemoryStore } from '../sqlite.ts'

const ada = 'ada' as UserId
const SOON = { timeout: 10_000 }

/** All bytes that this store has on disk. */
const bytesOf = (file: string) =>
  Buffer.concat(['', '-wal', '-shm'].map((suffix) => readFileSync(file + suffix))).toString(
    'latin1',
  )

/** As many users at the same time as it takes to split pages between them. */
async function crowd(store: SqliteMemoryStore) {
  const users = Array.from({ length: 40 }, (_, at) => `user${at}x` as UserId)
  let seed = 1
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  for (let round = 0; round < 20; round++) {
    for (const user of users) {
      const words = `${user} `.repeat(Math.ceil(random() * (random() < 0.1 ? 400 : 120)))
      await store.forUser(user).save([{ memory: said(words) }])
    }
  }
  return users
}

/** Somebody who reads from the log, which therefore stays as it is. */
function readerOf(file: string): DatabaseSync {
  const reader = new DatabaseSync(file)
  reader.exec('BEGIN; SELECT count(*) FROM memories')
  return reader
}

describe('eraser', () => {
  it('erases what SQLite leaves of a deleted user among those of others', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file)
    const users = await crowd(store)
    const gone = users.filter((_, at) => at % 3 === 0)
    for (const user of gone) await store.forUser(user).clear()
    const traces = () => gone.filter((user) => bytesOf(file).includes(user))
    new DatabaseSync(file).exec('PRAGMA wal_checkpoint(TRUNCATE)')
    expect(traces()).not.toEqual([]) // Zeroing deleted rows is not enough, or this test shows nothing.
    expect(await store.scrub()).toBe(true)
    expect(traces()).toEqual([])
    expect(bytesOf(file)).toContain('user1x ')
    expect(await store.forUser(users[1]!).clear()).toBe(20)
  })

  it('erases a deleted memory by itself, with its vectors', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file, { eraseAfterMs: 1 })
    const memories = store.forUser(ada)
    const vectors = [new Float32Array(8).fill(0.123)]
    const [tea, rum] = [said('I drink sencha'), said('I drink rum')]
    await memories.save([{ memory: tea, vectors }, { memory: rum }])
    const trace = Buffer.from(vectors[0]!.buffer).toString('latin1')
    for (const mark of ['sencha', trace]) expect(bytesOf(file)).toContain(mark)
    await memories.delete(tea.id)
    await expect.poll(() => store.isErased(), SOON).toBe(true)
    for (const mark of ['sencha', trace]) expect(bytesOf(file)).not.toContain(mark)
    expect(statSync(`${file}-wal`).size).toBeLessThan(30_000)
    expect((await memories.list({ limit: 9 })).memories).toEqual([rum])
  })

  it('erases a deleted conversation, and what stood where a text was edited', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file, { eraseAfterMs: 1 })
    const memories = store.forUser(ada)
    const [trip, rum] = [said('To Lisbon', { conversationId: 'trip' }), said('I drink rum')]
    await memories.save([{ memory: trip }, { memory: rum }])
    await memories.deleteConversation('trip')
    await expect.poll(() => store.isErased(), SOON).toBe(true)
    expect(bytesOf(file)).toContain('rum')
    expect(bytesOf(file)).not.toContain('Lisbon')
    await memories.update(rum.id, { text: 'I drink nothing' })
    expect(await store.isErased()).toBe(false)
    await expect.poll(() => store.isErased(), SOON).toBe(true)
    expect(bytesOf(file)).not.toContain('rum')
  })

  it('has nothing to erase where nothing was deleted', async () => {
    await using folder = await temporaryFolder()
    await using store = openTestStore(join(folder.path, 'memory.db'))
    const memory = said('I drink sencha')
    await store.forUser(ada).save([{ memory }])
    await store.forUser(ada).update(memory.id, { pinned: true })
    await store.forUser(ada).delete('unknown')
    await store.forUser(ada).deleteConversation('unknown')
    expect(await store.isErased()).toBe(true)
  })

  it('keeps what is written while it erases', async () => {
    await using folder = await temporaryFolder()
    await using store = openTestStore(join(folder.path, 'memory.db'))
    const memories = store.forUser(ada)
    const before = Array.from({ length: 2_000 }, (_, at) => said(`before ${at} `.repeat(50)))
    await memories.save(before.map((memory) => ({ memory })))
    await memories.delete(before[0]!.id)
    const erasing = store.scrub()
    const during = Array.from({ length: 20 }, (_, at) => said(`during ${at}`))
    for (const memory of during) {
      await memories.save([{ memory }])
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(await erasing).toBe(true)
    expect(await memories.clear()).toBe(1_999 + 20)
  })

  it('erases before it closes, and after a crash as soon as it is opened', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const store = openTestStore(file)
    await store.forUser(ada).save([{ memory: said('I drink sencha') }])
    await store.forUser(ada).clear()
    await store.close()
    expect(readFileSync(file, 'latin1')).not.toContain('sencha')
    const next = openTestStore(file)
    expect(await next.isErased()).toBe(true)
    await next.close()

    await using other = await forkMemoryProcess(file)
    await other.call(ada, 'save', [{ memory: said('I drink matcha') }])
    await other.call(ada, 'clear')
    await other.kill()
    await using again = openTestStore(file, { eraseAfterMs: 1 })
    expect(await again.isErased()).toBe(false)
    await expect.poll(() => again.isErased(), SOON).toBe(true)
    expect(bytesOf(file)).not.toContain('matcha')
  })

  it('erases what another process deleted before it died, when somebody asks how it is', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file, { eraseAfterMs: 1 })
    await using other = await forkMemoryProcess(file)
    await other.call(ada, 'save', [{ memory: said('I drink matcha') }])
    await other.call(ada, 'clear')
    await other.kill()
    expect(await store.isErased()).toBe(false)
    await store.status()
    await expect.poll(() => store.isErased(), SOON).toBe(true)
  })

  it('says that it could not erase', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file)
    await store.forUser(ada).save([{ memory: said('I drink sencha') }])
    const reader = readerOf(file)
    await store.forUser(ada).clear()
    await expect(store.scrub()).rejects.toThrow('Another process is reading.')
    expect(await store.isErased()).toBe(false)
    expect(await store.status()).toEqual({
      status: 'degraded',
      detail: 'Not erased yet: Another process is reading.',
    })
    reader.close()
  })

  it('erases by itself, later, what it could not at first', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await using store = openTestStore(file, { eraseAfterMs: 1 })
    await store.forUser(ada).save([{ memory: said('I drink sencha') }])
    const reader = readerOf(file)
    await store.forUser(ada).clear()
    await expect(store.scrub()).rejects.toThrow('Another process is reading.')
    reader.close()
    await expect.poll(() => store.isErased(), SOON).toBe(true)
    expect(await store.status()).toEqual({ status: 'ok' })
  })

  it('erases deletions that follow each other together', async () => {
    await using folder = await temporaryFolder()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await using store = openTestStore(join(folder.path, 'memory.db'), { eraseAfterMs: 86_400_000 })
    const all = Array.from({ length: 5 }, (_, at) => said(`drink ${at}`))
    await store.forUser(ada).save(all.map((memory) => ({ memory })))
    for (const { id } of all) await store.forUser(ada).delete(id)
    expect(timers.mock.calls.filter(([, ms]) => ms === 86_400_000)).toHaveLength(1)
    timers.mockRestore()
  })
})
