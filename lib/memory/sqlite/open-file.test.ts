import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { openTestStore, said } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { UserId } from '../memory.ts'
import { checkSqliteVersion, openFile } from './open-file.ts'
import { ADDITIONS, BREAKING_VERSION, checkSchema, completeSchema } from './schema.ts'

const ada = 'ada' as UserId
const mode = (path: string) => statSync(path).mode & 0o777

describe('openFile', () => {
  it('makes folder and files that nobody else can read', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'a', 'b', 'memory.db')
    await using store = openTestStore(file)
    await store.forUser(ada).save([{ memory: said('I only drink tea') }])
    const names = readdirSync(join(folder.path, 'a', 'b'))
    expect(names.toSorted()).toEqual(['memory.db', 'memory.db-shm', 'memory.db-wal'])
    for (const name of names) expect(mode(join(folder.path, 'a', 'b', name))).toBe(0o600)
    expect(mode(join(folder.path, 'a', 'b'))).toBe(0o700)
    expect(mode(join(folder.path, 'a'))).toBe(0o700)
  })

  it('leaves the mode of a folder that is there', async () => {
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'data')
    mkdirSync(data, { mode: 0o755 })
    openFile(join(data, 'memory.db')).close()
    expect(mode(data)).toBe(0o755)
  })

  it('syncs every commit and zeroes what is deleted', async () => {
    await using folder = await temporaryFolder()
    using database = openFile(join(folder.path, 'memory.db'))
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get()!)[0]
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2)
    expect(pragma('secure_delete')).toBe(1)
    expect(pragma('foreign_keys')).toBe(1)
    expect(pragma('page_size')).toBe(8192)
  })

  it('works in a folder with a quote in its name', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, "Ada's data", 'memory.db')
    await using store = openTestStore(file)
    await store.forUser(ada).save([{ memory: said('I only drink tea') }])
    await store.forUser(ada).clear()
    expect(await store.scrub()).toBe(true)
  })

  it.each([
    ['text', Buffer.from('These are my notes, and no database at all. '.repeat(300))],
    ['a torn database', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(9_000, 7)])],
  ])('refuses %s, says how to go on, and changes nothing', async (_, content) => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    writeFileSync(file, content)
    expect(() => openTestStore(file)).toThrow(
      expect.objectContaining({
        name: 'MemoryFileError',
        message: expect.stringMatching(/memory\.db is damaged.*Restore a backup/) as string,
      }),
    )
    expect(readFileSync(file).equals(content)).toBe(true)
    expect(readdirSync(folder.path)).toEqual(['memory.db'])
  })

  it('refuses the database of another program, and changes nothing', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE notes (text)')
    other.close()
    const before = readFileSync(file)
    expect(() => openTestStore(file)).toThrow(/another program.*DATA_DIR/)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('names the file and the remedy where it may not write', async () => {
    await using folder = await temporaryFolder()
    writeFileSync(join(folder.path, 'data'), 'A file where a folder should be')
    const file = join(folder.path, 'data', 'memory.db')
    expect(() => openTestStore(file)).toThrow(/memory\.db cannot be opened.*another DATA_DIR/)
  })
})

describe('checkSqliteVersion', () => {
  it.each(['3.51.2', '3.50.9', '3.49.0', '2.99.99'])('refuses SQLite %s', (version) => {
    expect(() => checkSqliteVersion(version, 'memory.db')).toThrow(/24\.15 or newer/)
  })

  it.each(['3.51.3', '3.51.10', '3.52.0', '3.100.0', '4.0.0'])('takes SQLite %s', (version) => {
    expect(() => checkSqliteVersion(version, 'memory.db')).not.toThrow()
  })
})

describe('schema', () => {
  const versionOf = (database: DatabaseSync) =>
    database.prepare('PRAGMA user_version').get()!['user_version']

  it('writes beside a newer release that only added', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const newer = openFile(file)
    completeSchema(newer, [...ADDITIONS, 'ALTER TABLE memories ADD COLUMN mood TEXT'])
    const version = versionOf(newer)
    newer.close()
    await using store = openTestStore(file)
    const tea = said('I only drink tea')
    await store.forUser(ada).save([{ memory: tea }])
    expect(await store.forUser(ada).get(tea.id)).toEqual(tea)
    await store.close()
    using again = new DatabaseSync(file)
    expect(versionOf(again)).toBe(version)
  })

  it('adds what an older release did not know, and keeps what is there', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const tea = said('I only drink tea')
    const older = openTestStore(file)
    await older.forUser(ada).save([{ memory: tea }])
    await older.close()
    using database = openFile(file)
    completeSchema(database, [...ADDITIONS, 'ALTER TABLE memories ADD COLUMN mood TEXT'])
    completeSchema(database, [...ADDITIONS, 'ALTER TABLE memories ADD COLUMN mood TEXT'])
    expect(database.prepare('SELECT text, mood FROM memories').all()).toEqual([
      { text: tea.text, mood: null },
    ])
  })

  it('adds all steps or none', async () => {
    await using folder = await temporaryFolder()
    using database = openFile(join(folder.path, 'memory.db'))
    const before = versionOf(database)
    const steps = [...ADDITIONS, 'CREATE TABLE moods (mood TEXT)', 'no SQL at all']
    expect(() => completeSchema(database, steps)).toThrow(/syntax error/)
    expect(versionOf(database)).toBe(before)
    expect(() => database.prepare('SELECT * FROM moods')).toThrow(/no such table/)
  })

  it.each([
    [BREAKING_VERSION + 1, /has schema 2\.7.*reads 1\.\d.*Start the release that wrote it/],
    [BREAKING_VERSION - 1, /has schema 0\.7.*reads 1\.\d.*export each user/],
  ])('refuses breaking version %i, naming both and the remedy', async (breaking, message) => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    const database = openFile(file)
    database.exec(`PRAGMA user_version = ${breaking * 1_000 + 7}`)
    expect(() => checkSchema(database, file)).toThrow(message)
    database.close()
    const before = readFileSync(file)
    expect(() => openTestStore(file)).toThrow(message)
    expect(readFileSync(file).equals(before)).toBe(true)
  })
})
