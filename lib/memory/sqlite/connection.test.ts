import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTestStore, said } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { UserId } from '../memory.ts'
import { createConnection } from './connection.ts'
import { openFile } from './open-file.ts'

const ada = 'ada' as UserId

describe('connection', () => {
  it('waits for another writer without holding up this process', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    using database = openFile(file)
    using other = openFile(file)
    const connection = createConnection(database)
    other.exec('BEGIN IMMEDIATE')
    let turns = 0
    const ticking = setInterval(() => {
      turns++
      if (turns === 10) other.exec('COMMIT')
    }, 1)
    const written = connection.write(() => turns)
    expect(await written).toBeGreaterThanOrEqual(10)
    clearInterval(ticking)
  })

  it('gives up after a while, having changed nothing', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    using database = openFile(file)
    using other = openFile(file)
    const connection = createConnection(database, { patienceMs: 60 })
    const work = () => database.exec("INSERT INTO users (user_id) VALUES ('ada')")
    other.exec('BEGIN IMMEDIATE')
    await expect(connection.write(work)).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      status: 503,
      headers: { 'retry-after': '2' },
    })
    other.exec('COMMIT')
    expect(database.prepare('SELECT count(*) AS n FROM users').get()).toEqual({ n: 0 })
    await connection.write(work)
    expect(database.prepare('SELECT count(*) AS n FROM users').get()).toEqual({ n: 1 })
  })

  it('undoes all of a write that fails, and passes on what is no fault of the file', async () => {
    await using folder = await temporaryFolder()
    using database = openFile(join(folder.path, 'memory.db'))
    const connection = createConnection(database)
    const mistake = new Error('A mistake')
    const failing = connection.write(() => {
      database.exec("INSERT INTO users (user_id) VALUES ('ada')")
      throw mistake
    })
    await expect(failing).rejects.toBe(mistake)
    expect(connection.failure()).toBeUndefined()
    expect(database.prepare('SELECT count(*) AS n FROM users').get()).toEqual({ n: 0 })
    await connection.write(() => database.exec("INSERT INTO users (user_id) VALUES ('alan')"))
    expect(database.prepare('SELECT user_id FROM users').all()).toEqual([{ user_id: 'alan' }])
  })

  it('refuses what finds no room, and is well again when there is room', async () => {
    await using folder = await temporaryFolder()
    using database = openFile(join(folder.path, 'memory.db'))
    const connection = createConnection(database)
    const insert = database.prepare('INSERT INTO users (user_id) VALUES (?)')
    database.exec('PRAGMA max_page_count = 40')
    const full = { name: 'StoreUnavailableError', message: 'The disk is full.' }
    const tooMuch = connection.write(() => insert.run('x'.repeat(1_000_000)))
    await expect(tooMuch).rejects.toMatchObject(full)
    expect(connection.failure()).toBe(full.message)
    await connection.write(() => insert.run('ada'))
    expect(connection.failure()).toBeUndefined()
    expect(database.prepare('SELECT user_id FROM users').all()).toEqual([{ user_id: 'ada' }])
  })
})

describe('a store in trouble', () => {
  it('says what to do when its file is damaged inside', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const whole = openTestStore(file)
    const many = Array.from({ length: 500 }, (_, at) => said(`Memory number ${at}`))
    await whole.forUser(ada).save(many.map((memory) => ({ memory })))
    await whole.close()
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(7, 20 * 8192)) // The first pages, which say what the tables are, stay.
    await using store = openTestStore(file)
    const memories = store.forUser(ada)
    const failures = await Promise.allSettled([
      memories.conversations({ limit: 9 }),
      memories.recall({ text: 'memory', at: new Date(), limit: 5 }),
      memories.clear(),
    ])
    expect(failures.map(({ status }) => status)).toContain('rejected')
    for (const failure of failures) {
      if (failure.status === 'fulfilled') continue
      expect(failure.reason).toMatchObject({ status: 503 })
      expect(String(failure.reason)).toMatch(/damaged.*restore a backup/)
    }
    expect(await store.status()).toMatchObject({ status: 'degraded' })
  })

  it('rejects every call after it was closed', async () => {
    await using folder = await temporaryFolder()
    const store = openTestStore(join(folder.path, 'memory.db'))
    const memories = store.forUser(ada)
    await memories.save([{ memory: said('I only drink tea') }])
    await store.close()
    const query = { text: 'tea', at: new Date(), limit: 5 }
    const closed = { status: 503, message: 'The memory store is closed.' }
    await expect(memories.save([{ memory: said('More') }])).rejects.toMatchObject(closed)
    await expect(memories.get('id')).rejects.toMatchObject(closed)
    await expect(memories.list({ limit: 5 })).rejects.toMatchObject(closed)
    await expect(memories.recall(query)).rejects.toMatchObject(closed)
    await expect(memories.lease('key', 'one', 1_000)).rejects.toMatchObject(closed)
    expect(await store.status()).toMatchObject({ status: 'error', detail: closed.message })
  })
})
