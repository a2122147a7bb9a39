import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { ADDITIONS } from './schema.ts'
import { prepareStatements } from './statements.ts'

/** Tables of a few rows, whatever the number of memories; and every user, where every user is wanted. */
const SMALL = /^SCAN (erasure|e|users USING COVERING INDEX \w+)$/

it('reads by an index whatever it reads', () => {
  using database = new DatabaseSync(':memory:')
  for (const step of ADDITIONS) database.exec(step)
  const seen: string[] = []
  const plan = (sql: string) =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row['detail']))
  prepareStatements({
    prepare(sql: string) {
      if (/^(SELECT|UPDATE|DELETE)/.test(sql)) seen.push(sql)
      return database.prepare(sql)
    },
  } as DatabaseSync)
  expect(seen.length).toBeGreaterThan(20)
  for (const sql of seen) {
    const scans = plan(sql).filter((step) => step.startsWith('SCAN') && !SMALL.test(step))
    expect({ sql, scans }).toEqual({ sql, scans: [] })
  }
})
