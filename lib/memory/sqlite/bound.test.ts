import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callEveryMethod } from '../../../test/fixtures/every-method.ts'
import type { UserId } from '../memory.ts'
import { createMemoryIndex } from '../memory-index.ts'
import { createRank } from '../rank.ts'
import type { UserMemories } from '../store.ts'
import { createConnection } from './connection.ts'
import { createIndexCache } from './index-cache.ts'
import { ADDITIONS } from './schema.ts'
import { createStagedFile } from './staged-file.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { openUserMemories } from './user-memories.ts'
import { createWriter } from './writer.ts'

/**
 * Below forUser() every statement is bound to that user: by its number, its name, or the number of a row, which holds
 * that of its user. A statement that is new is looked at here, or fails here.
 */

/** The store's own; no method of a user's memories runs them. */
const OF_THE_STORE: readonly string[] = [
  'embedders',
  'embeddedBy',
  'countEmbeddedBy',
  'erasure',
  'countDeletion',
  'setErased',
  'checkpoint',
  // The limits of memories are the store’s own work (prune-source.ts); the first three see one user each.
  'oldestUnpinned',
  'unpinnedBefore',
  'userIds',
]

/** Run for a user, but about no user's memories. */
const ABOUT_NOBODY: Readonly<Record<string, string>> = {
  embedder: 'The number of an embedder.',
  addEmbedder: 'The number of an embedder.',
  dropAllExpiredLeases: 'What is over says nothing and stands in nobody’s way.',
  isOwnedByOthers: 'Only whether an id is taken: an import then makes another.',
}

/** A number that nothing else has by chance, no limit and no revision. */
const ALANS_NUMBER = 777_777
const ROWS_OF_USER = 2 ** 32
const alan = 'alan' as UserId
const now = new Date('2026-03-01T12:00:00Z')

interface Call {
  readonly name: string
  readonly values: readonly SQLInputValue[]
}

const isBound = ({ values }: Call) =>
  values.some(
    (value) =>
      value === ALANS_NUMBER ||
      value === alan ||
      (typeof value === 'number' && Math.floor(value / ROWS_OF_USER) === ALANS_NUMBER),
  )

describe('the statements below forUser()', () => {
  const database = new DatabaseSync(':memory:')
  const sqlOf = new Map<string, string>()
  const calls: Call[] = []
  beforeAll(async () => {
    for (const step of ADDITIONS) database.exec(step)
    database.exec(`INSERT INTO users (user_no, user_id) VALUES (1, 'ada')`)
    database.exec(`UPDATE sqlite_sequence SET seq = ${ALANS_NUMBER - 1} WHERE name = 'users'`)
    await callEveryMethod(openAlans(database, sqlOf, calls), { now, dimension: 2 })
  })
  afterAll(() => database.close())

  it('are all known here: run by a method of a user’s memories, or the store’s own', () => {
    const run = new Set(calls.map(({ name }) => name))
    expect([...sqlOf.keys()].filter((name) => !run.has(name)).toSorted()).toEqual(
      OF_THE_STORE.toSorted(),
    )
    expect(Object.keys(ABOUT_NOBODY).filter((name) => !run.has(name))).toEqual([])
  })

  it('are each given the user they are for', () => {
    const unbound = calls.filter((call) => !(call.name in ABOUT_NOBODY) && !isBound(call))
    expect(unbound.map(({ name, values }) => [name, sqlOf.get(name), values])).toEqual([])
    expect(calls.length).toBeGreaterThan(40)
  })

  it('each say so where they choose rows', () => {
    const names = [...new Set(calls.map(({ name }) => name))]
    const loose = names.filter((name) => {
      const sql = sqlOf.get(name)!
      if (name in ABOUT_NOBODY || sql.startsWith('INSERT')) return false
      return / OR /.test(sql) || !/\bWHERE[^)]*\b(user_no|user_id|memory_no) = \?/.test(sql)
    })
    expect(loose.map((name) => [name, sqlOf.get(name)])).toEqual([])
  })
})

/** Alan's memories over statements that write down what they are given. */
function openAlans(
  database: DatabaseSync,
  sqlOf: Map<string, string>,
  calls: Call[],
): UserMemories {
  const texts: string[] = []
  const prepared = prepareStatements({
    prepare(sql: string) {
      texts.push(sql)
      return database.prepare(sql)
    },
  } as DatabaseSync)
  const recorded = Object.entries(prepared).map(([name, run], at) => {
    sqlOf.set(name, texts[at]!) // Each name prepares one, in the order in which they stand.
    const record = (...values: SQLInputValue[]) => {
      calls.push({ name, values })
      return (run as (...given: SQLInputValue[]) => unknown)(...values)
    }
    return [name, record] as const
  })
  const statements = Object.fromEntries(recorded) as unknown as Statements
  const connection = createConnection(database)
  const embedderName = () => 'test'
  return openUserMemories(alan, {
    connection,
    statements,
    writer: createWriter(statements, embedderName),
    indexes: createIndexCache({
      connection,
      statements,
      createIndex: () => createMemoryIndex({}),
      embedderName,
      maxBytes: 2 ** 20,
    }),
    eraser: {
      count: () => {},
      wake: () => {},
      isDone: async () => true,
      scrub: async () => true,
      mark: async () => 0,
      failure: () => undefined,
      close: async () => {},
    },
    staged: createStagedFile('/nowhere/memory.db'), // There is none.
    ranking: { createIndex: () => createMemoryIndex({}), rank: createRank() },
    now: () => now,
  })
}
