import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { forkMemoryProcess } from '../../../test/fixtures/fork-memory-process.ts'
import { openTestStore, said } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { UserId } from '../memory.ts'
import { backUp, restore } from './backup.ts'
import { BREAKING_VERSION, REPLACED_VERSION } from './schema.ts'
import { stagedFileOf } from './staged-file.ts'

const ada = 'ada' as UserId
const alan = 'alan' as UserId
const tea = said('I only drink tea', { pinned: true, tags: ['drinks'] })
const kayak = said('My kayak is orange')

/** A folder with a file of two users, closed, and a backup of it. */
async function withBackup() {
  const folder = await temporaryFolder()
  const file = join(folder.path, 'memory.db')
  const backup = join(folder.path, 'copy.db')
  const store = openTestStore(file)
  await store.forUser(ada).save([{ memory: tea }, { memory: kayak }])
  await store.forUser(alan).save([{ memory: said('I only drink coffee') }])
  await store.close()
  const contents = backUp(file, backup)
  return { ...folder, file, backup, contents }
}

const namesIn = (folder: string) => readdirSync(folder).toSorted()

/** Rows of every table, as they are. */
function allOf(file: string): unknown {
  using database = new DatabaseSync(file)
  const tables = ['users', 'embedders', 'memories', 'vectors', 'sqlite_sequence']
  return tables.map((table) => database.prepare(`SELECT * FROM ${table}`).all())
}

describe('backUp', () => {
  it('copies everything while others write, and only what is there', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const backup = join(folder.path, 'deep', 'copy.db')
    await using other = await forkMemoryProcess(file)
    const forgotten = said('A phrase to be forgotten')
    await other.call(ada, 'save', [{ memory: tea }, { memory: forgotten }])
    await other.call(ada, 'delete', forgotten.id)
    const writing = Array.from({ length: 200 }, (_, at) =>
      other.call(ada, 'save', [
        { memory: said(`Meanwhile ${at}, first`) },
        { memory: said('Second') },
      ]),
    )
    await writing[20]
    const { memories, users, bytes } = backUp(file, backup)
    await Promise.all(writing)
    expect(memories).toBeGreaterThan(40)
    expect(memories % 2).toBe(1) // One, and pairs: no write was torn in two.
    expect({ users, bytes }).toEqual({ users: 1, bytes: statSync(backup).size })
    expect(statSync(backup).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder.path, 'deep')).mode & 0o777).toBe(0o700)
    expect(namesIn(join(folder.path, 'deep'))).toEqual(['copy.db'])
    const text = readFileSync(backup, 'latin1')
    expect(text).toContain('I only drink tea')
    expect(text).not.toContain('forgotten')
  })

  it('writes over nothing, and makes no file out of none', async () => {
    await using place = await withBackup()
    const before = readFileSync(place.backup)
    expect(() => backUp(place.file, place.backup)).toThrow(/copy\.db is there already/)
    expect(readFileSync(place.backup).equals(before)).toBe(true)
    const missing = join(place.path, 'missing.db')
    expect(() => backUp(missing, join(place.path, 'x.db'))).toThrow(/is not there.*DATA_DIR/)
    expect(namesIn(place.path)).toEqual(['copy.db', 'memory.db'])
  })

  it('leaves nothing behind of a file that is damaged', async () => {
    await using place = await withBackup()
    const bytes = readFileSync(place.file)
    writeFileSync(place.file, bytes.fill(7, 5 * 8192))
    expect(() => backUp(place.file, join(place.path, 'x.db'))).toThrow(/memory\.db is damaged/)
    expect(namesIn(place.path)).toEqual(['copy.db', 'memory.db'])
  })
})

describe('restore', () => {
  it('brings back every row as it was, and drops what came since', async () => {
    await using place = await withBackup()
    const before = allOf(place.file)
    const store = openTestStore(place.file)
    await store.forUser(ada).save([{ memory: said('Said after the backup') }])
    await store.forUser(ada).update(tea.id, { text: 'I only drink water' })
    await store.forUser(alan).clear()
    await store.close()
    expect(allOf(place.file)).not.toEqual(before)
    expect(restore(place.backup, place.file)).toEqual({ ...place.contents, adoption: 'done' })
    expect(namesIn(place.path)).toEqual(['copy.db', 'memory.db'])
    expect(allOf(place.file)).toEqual(before)
    expect(statSync(place.file).mode & 0o777).toBe(0o600)
    await using again = openTestStore(place.file)
    expect(await again.forUser(ada).get(tea.id)).toEqual(tea)
    expect(await again.forUser(alan).list({ limit: 9 })).toMatchObject({ memories: [{}] })
  })

  it('needs no file to be there, and lets no log of an earlier one into the new one', async () => {
    await using place = await withBackup()
    const away = join(place.path, 'away', 'memory.db')
    mkdirSync(join(place.path, 'away'))
    const store = openTestStore(away)
    await store.forUser(ada).save([{ memory: said('In the log only') }])
    const log = readFileSync(`${away}-wal`)
    await store.close()
    rmSync(away)
    writeFileSync(`${away}-wal`, log)
    expect(restore(place.backup, away).adoption).toBe('done')
    expect(namesIn(join(place.path, 'away'))).toEqual(['memory.db'])
    expect(allOf(away)).toEqual(allOf(place.backup))
  })

  it('waits while a process has the file open, which goes on; the next to open it alone has the restored one', async () => {
    await using place = await withBackup()
    const before = allOf(place.file)
    const running = openTestStore(place.file)
    const late = said('Said after the backup')
    await running.forUser(ada).save([{ memory: late }])
    expect(restore(place.backup, place.file).adoption).toBe('waiting')
    expect(await running.status()).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/restored/i) as string,
    })
    await using second = openTestStore(place.file) // Not alone.
    expect(await second.forUser(ada).get(late.id)).toEqual(late)
    await running.forUser(ada).save([{ memory: said('Still going') }])
    await running.close()
    await second.close()
    await using third = openTestStore(place.file)
    expect(await third.forUser(ada).get(late.id)).toBeUndefined()
    expect(await third.status()).toEqual({ status: 'ok' })
    await third.close()
    expect(allOf(place.file)).toEqual(before)
  })

  it('keeps what is deleted while it waits from coming back, in its bytes too', async () => {
    await using place = await withBackup()
    const running = openTestStore(place.file)
    restore(place.backup, place.file)
    const staged = () => readFileSync(stagedFileOf(place.file), 'latin1')
    for (const text of ['only drink tea', 'kayak', 'coffee']) expect(staged()).toContain(text)
    await running.forUser(ada).delete(kayak.id)
    await running.forUser(ada).update(tea.id, { text: 'I only drink water' })
    await running.forUser(alan).clear()
    expect(await running.scrub()).toBe(true)
    for (const text of ['only drink tea', 'kayak', 'coffee', 'alan'])
      expect(staged()).not.toContain(text)
    await running.close()
    await using next = openTestStore(place.file)
    expect(await next.status()).toEqual({ status: 'ok' })
    const { memories } = await next.forUser(ada).list({ limit: 9 })
    expect(memories.map(({ text }) => text)).toEqual(['I only drink water'])
    expect((await next.forUser(alan).list({ limit: 9 })).memories).toEqual([])
  })

  it('deletes nothing where it cannot delete from what waits', async () => {
    await using place = await withBackup()
    await using running = openTestStore(place.file)
    restore(place.backup, place.file)
    writeFileSync(stagedFileOf(place.file), 'no database')
    await expect(running.forUser(ada).delete(kayak.id)).rejects.toMatchObject({ status: 503 })
    expect(await running.forUser(ada).get(kayak.id)).toEqual(kayak)
  })

  it.each(['text', 'a torn backup', 'a damaged backup', 'a newer release’s backup'])(
    'refuses %s, and changes nothing',
    async (kind) => {
      await using place = await withBackup()
      const bytes = readFileSync(place.backup)
      if (kind === 'text') writeFileSync(place.backup, 'These are my notes. '.repeat(500))
      else if (kind === 'a torn backup') writeFileSync(place.backup, bytes.subarray(0, 3 * 8192))
      else if (kind === 'a damaged backup') writeFileSync(place.backup, bytes.fill(7, 5 * 8192))
      else {
        using newer = new DatabaseSync(place.backup)
        newer.exec(`PRAGMA user_version = ${(BREAKING_VERSION + 1) * 1_000}`)
      }
      const before = readFileSync(place.file)
      expect(() => restore(place.backup, place.file)).toThrow(
        /copy\.db (is damaged|has schema 2\.0)/,
      )
      expect(readFileSync(place.file).equals(before)).toBe(true)
      expect(namesIn(place.path)).toEqual(['copy.db', 'memory.db'])
    },
  )

  it('refuses a file whose last writes are in a log beside it', async () => {
    await using place = await withBackup()
    await using running = openTestStore(place.file)
    await running.forUser(ada).save([{ memory: said('In the log') }])
    const to = join(place.path, 'other.db')
    expect(() => restore(place.file, to)).toThrow(/-wal file beside it.*npm run backup/)
    expect(existsSync(to)).toBe(false)
  })

  it('sets a file aside that cannot be opened', async () => {
    await using place = await withBackup()
    const damaged = Buffer.from('no database, but perhaps of some use to somebody. '.repeat(200))
    writeFileSync(place.file, damaged)
    expect(() => openTestStore(place.file)).toThrow(/damaged.*Restore a backup/)
    const { adoption, setAside } = restore(place.backup, place.file)
    expect(adoption).toBe('done')
    expect(namesIn(setAside!)).toEqual(['memory.db'])
    expect(readFileSync(join(setAside!, 'memory.db')).equals(damaged)).toBe(true)
    expect(allOf(place.file)).toEqual(allOf(place.backup))
  })

  it('is taken up again where it died', async () => {
    await using place = await withBackup()
    const staged = stagedFileOf(place.file)
    // It died while it wrote, and, another time, when the old file had been marked already.
    writeFileSync(`${staged}.123.partial`, 'half of the texts')
    copyFileSync(place.backup, staged)
    const marked = new DatabaseSync(place.file)
    marked.exec(`PRAGMA journal_mode = DELETE; PRAGMA user_version = ${REPLACED_VERSION}`)
    marked.close()
    await using store = openTestStore(place.file)
    expect(await store.forUser(ada).get(tea.id)).toEqual(tea)
    await store.close()
    expect(namesIn(place.path)).toEqual(['copy.db', 'memory.db'])
  })

  it('is seen by a process that opened the file a moment before it was replaced', async () => {
    await using place = await withBackup()
    const marked = new DatabaseSync(place.file)
    marked.exec(`PRAGMA journal_mode = DELETE; PRAGMA user_version = ${REPLACED_VERSION}`)
    marked.close()
    const opening = forkMemoryProcess(place.file)
    // Long enough for the other to have found the mark, not so long that it gives up.
    await new Promise((resolve) => setTimeout(resolve, 800))
    copyFileSync(place.backup, join(place.path, 'new.db'))
    renameSync(join(place.path, 'new.db'), place.file)
    await using other = await opening
    expect(await other.call(ada, 'get', tea.id)).toEqual(tea)
  })
})
