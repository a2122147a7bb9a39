import { DatabaseSync } from 'node:sqlite'

/** What is wrong inside a memory file, whoever has it open: pages, references, counters, vectors without a row. */
export function faultsOfFile(file: string): string[] {
  using database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  const rows = (sql: string) =>
    database.prepare(sql).all() as Record<string, string | number | null>[]
  return [
    ...rows('PRAGMA integrity_check').flatMap(({ integrity_check: found }) =>
      found === 'ok' ? [] : [`integrity: ${found}`],
    ),
    ...rows('PRAGMA foreign_key_check').map(
      ({ table }) => `a row of ${table} that belongs to none`,
    ),
    ...rows(`
      SELECT memory_no FROM memories LEFT JOIN vectors USING (memory_no)
      WHERE (embedder_no IS NULL) <> (passages IS NULL)`).map(
      ({ memory_no: row }) => `memory ${row} has its vectors, or the name of their embedder, alone`,
    ),
    ...rows(`
      SELECT memory_no FROM memories JOIN embedders USING (embedder_no) JOIN vectors USING (memory_no)
      WHERE length(passages) = 0 OR length(passages) % (4 * dimension) <> 0`).map(
      ({ memory_no: row }) => `memory ${row} has part of a vector`,
    ),
    ...rows(`
      SELECT user_no FROM users WHERE revision <
        (SELECT max(revision) FROM memories WHERE memories.user_no = users.user_no)`).map(
      ({ user_no: user }) => `user ${user} has memories that no index will look for`,
    ),
  ]
}
