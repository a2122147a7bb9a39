import type { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { openHostFile } from './host-file.ts'
import { prepareStatements } from './statements.ts'

/** All that a user has is read to be counted, to be cleared, and while Pinecone is away. */
const OF_WHOLE_USERS = [
  'SELECT * FROM memory_rows WHERE user_id = ?',
  'SELECT count(*) AS rows FROM memories WHERE user_id = ?',
  'DELETE FROM memories WHERE user_id = ?',
]
const ALL_OF_A_USER =
  /^SEARCH memories USING (COVERING )?INDEX (sqlite_autoindex_memories_1|memories_by_(lsn|prev|conversation)) \(user_id=\?\)$/
/** A partial index of what is left to do holds little, whoever's it is. */
const MEMORIES = /^SCAN memories(?! USING (COVERING )?INDEX memories_(on_their_way|to_link))/

it('reads no more of a user than it asks for', () => {
  using database = openHostFile(undefined)
  const seen: string[] = []
  prepareStatements({
    prepare(sql: string) {
      if (/^(SELECT|UPDATE|DELETE)/.test(sql)) seen.push(sql)
      return database.prepare(sql)
    },
  } as DatabaseSync)
  expect(seen.length).toBeGreaterThan(40)
  const wasteful = seen.filter((sql) =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row['detail']))
      .some((step) => ALL_OF_A_USER.test(step) || MEMORIES.test(step)),
  )
  expect(wasteful.toSorted()).toEqual(OF_WHOLE_USERS.toSorted())
})
