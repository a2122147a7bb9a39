import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { kindOfFault, SQLITE_BUSY } from './connection.ts'
import { putInPlace } from './durable.ts'
import { REPLACED_VERSION } from './schema.ts'

/**
 * A restored file waits beside the one in use and takes its place when somebody opens it with nobody else on it: two
 * processes that write to two files under one name would lose what one of them acknowledged.
 */
export const stagedFileOf = (file: string) => `${file}.restore`

/** `waiting`: another process has the file open. */
export type Adoption = 'none' | 'done' | 'waiting'

const PARTIAL = /\.\d+\.partial(-wal|-shm|-journal)?$/

/** Under this name a file is written until it is whole. */
export const partialOf = (file: string, pid: number) => `${file}.${pid}.partial`

/** Puts a staged file in the place of `file` where there is one and nobody has `file` open. */
export function adoptStaged(file: string): Adoption {
  const staged = stagedFileOf(file)
  dropUnfinished(staged)
  if (!existsSync(staged)) return 'none'
  if (!existsSync(file)) {
    // The log of a file that was taken away would be played into the new one.
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true })
    putInPlace(staged, file)
    return 'done'
  }
  try {
    using current = new DatabaseSync(file, { timeout: 0 })
    // SQLite lets only the one process that has the file open leave the log, and empties it then.
    current.exec('PRAGMA journal_mode = DELETE')
    // Whoever opened it since reads this number, and opens anew what stands under the name by then.
    current.exec(
      `PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; PRAGMA user_version = ${REPLACED_VERSION}; COMMIT`,
    )
    putInPlace(staged, file)
    return 'done'
  } catch (error) {
    if (kindOfFault(error) === SQLITE_BUSY) return 'waiting'
    throw error
  }
}

/** A restore that died left half a file, and what is in it must not outlive a deletion. */
function dropUnfinished(staged: string): void {
  if (!existsSync(dirname(staged))) return
  for (const name of readdirSync(dirname(staged))) {
    if (!name.startsWith(`${basename(staged)}.`) || !PARTIAL.test(name)) continue
    rmSync(join(dirname(staged), name), { force: true })
  }
}

/** What is deleted or overwritten while a restored file waits is so in that file too, or it would come back with it. */
export interface StagedFile {
  isThere(): boolean
  /** To be called in the transaction that deletes: when this throws, nothing is deleted. */
  remove(userId: string, ids: readonly string[]): void
  removeUser(userId: string): void
  /** Its vectors go: its words find it until it is re-embedded. */
  overwrite(userId: string, id: string, text: string): void
}

export function createStagedFile(file: string): StagedFile {
  const path = stagedFileOf(file)
  const isThere = () => existsSync(path)
  const userNo = '(SELECT user_no FROM users WHERE user_id = ?)'

  function change(run: (staged: DatabaseSync) => void): void {
    if (!isThere()) return
    using staged = new DatabaseSync(path, { timeout: 1_000 })
    staged.exec('PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL')
    staged.exec('BEGIN IMMEDIATE')
    run(staged)
    staged.exec('COMMIT')
  }

  return {
    isThere,
    remove: (userId, ids) =>
      change((staged) => {
        const drop = staged.prepare(`DELETE FROM memories WHERE user_no = ${userNo} AND id = ?`)
        for (const id of ids) drop.run(userId, id)
      }),
    removeUser: (userId) =>
      change((staged) => {
        staged.prepare(`DELETE FROM memories WHERE user_no = ${userNo}`).run(userId)
        staged.prepare('DELETE FROM leases WHERE user_id = ?').run(userId)
        staged.prepare('DELETE FROM users WHERE user_id = ?').run(userId)
      }),
    overwrite: (userId, id, text) =>
      change((staged) => {
        const memory = `user_no = ${userNo} AND id = ?`
        staged
          .prepare(
            `DELETE FROM vectors WHERE memory_no = (SELECT memory_no FROM memories WHERE ${memory})`,
          )
          .run(userId, id)
        staged
          .prepare(`UPDATE memories SET text = ?, embedder_no = NULL WHERE ${memory}`)
          .run(text, userId, id)
      }),
  }
}
