import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { kindOfFault, SQLITE_CORRUPT, SQLITE_NOTADB } from './connection.ts'
import { makePrivateFile, putInPlace } from './durable.ts'
import { MemoryFileError } from './file-error.ts'
import { checkSchema } from './schema.ts'
import { adoptStaged, type Adoption, partialOf, stagedFileOf } from './staged-file.ts'

/** What a checked copy holds. */
export interface CopyContents {
  readonly memories: number
  readonly users: number
  readonly bytes: number
}

/** Whoever writes at the moment when the copy begins is let finish. */
const COPYING_TIMEOUT_MS = 5_000

/**
 * Writes all memories of `file` as they are at one moment to a new file; whoever uses them goes on meanwhile. What was
 * deleted is not in it. The copy is checked and synced before it has its name. Throws a `MemoryFileError`, having
 * changed nothing.
 */
export function backUp(file: string, to: string): CopyContents {
  if (!existsSync(file)) {
    throw new MemoryFileError(file, 'is not there.', 'Name the DATA_DIR of the service.')
  }
  if (existsSync(to)) throw new MemoryFileError(to, 'is there already.', 'Name another file.')
  return finish(file, to, (partial) => {
    using database = new DatabaseSync(file, { timeout: COPYING_TIMEOUT_MS })
    checkSchema(database, file)
    database.prepare('VACUUM INTO ?').run(partial)
  })
}

export interface Restored extends CopyContents {
  readonly adoption: Adoption
  /** The folder that the file which was there is in now: it was too damaged to be opened. */
  readonly setAside?: string
}

/**
 * Puts the memories of a backup in the place of those in `file`: at once where nobody has it open, else when it is
 * opened next with nobody else on it (staged-file.ts). Throws a `MemoryFileError`, having changed nothing, for what is
 * no whole backup.
 */
export function restore(from: string, file: string): Restored {
  if (!existsSync(from)) {
    throw new MemoryFileError(from, 'is not there.', 'Name a file that npm run backup wrote.')
  }
  for (const suffix of ['-wal', '-journal']) {
    if (!existsSync(from + suffix)) continue
    throw new MemoryFileError(
      from,
      `has a ${suffix} file beside it and is not whole without.`,
      'Make a copy in one piece of it with: npm run backup.',
    )
  }
  const contents = finish(from, stagedFileOf(file), (partial) => {
    copyFileSync(from, partial)
    using copy = new DatabaseSync(partial)
    checkSchema(copy, from)
    copy.exec('PRAGMA journal_mode = DELETE') // One file, whatever the one that it was copied from.
  })
  try {
    return { ...contents, adoption: adoptStaged(file) }
  } catch (error) {
    if (!isDamage(error)) throw cannotCopy(file, error)
    const setAside = moveAside(file)
    return { ...contents, adoption: adoptStaged(file), setAside }
  }
}

/** It may hold what no backup has, so it is kept; whoever cares for the service decides. */
function moveAside(file: string): string {
  const folder = `${file}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  mkdirSync(folder, { mode: 0o700 })
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, join(folder, basename(file) + suffix))
  }
  return folder
}

/** Has `write` fill a file under another name, and gives it its own once it is whole and durable. */
function finish(from: string, to: string, write: (partial: string) => void): CopyContents {
  const partial = partialOf(to, process.pid)
  try {
    makePrivateFile(partial)
    write(partial)
    const contents = check(from, partial)
    putInPlace(partial, to)
    return contents
  } catch (error) {
    throw cannotCopy(from, error)
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(partial + suffix, { force: true })
  }
}

function cannotCopy(from: string, error: unknown): unknown {
  if (error instanceof MemoryFileError || !(error instanceof Error)) return error
  const fault = isDamage(error)
    ? 'is damaged, or no database.'
    : `cannot be copied (${error.message}).`
  const remedy = isDamage(error) ? 'Take another backup.' : 'Make room, or give the right to.'
  return new MemoryFileError(from, fault, `Nothing was changed. ${remedy}`, { cause: error })
}

const isDamage = (error: unknown) =>
  [SQLITE_CORRUPT, SQLITE_NOTADB].includes(kindOfFault(error) ?? 0)

function check(from: string, partial: string): CopyContents {
  using copy = new DatabaseSync(partial)
  const faults = [
    ...copy
      .prepare('PRAGMA integrity_check')
      .all()
      .map((row) => row['integrity_check']),
    ...copy
      .prepare('PRAGMA foreign_key_check')
      .all()
      .map((row) => `a row of ${String(row['table'])} alone`),
  ].filter((fault) => fault !== 'ok')
  if (faults.length > 0) {
    throw new MemoryFileError(
      from,
      `is damaged inside (${faults.length} faults, the first: ${String(faults[0])}).`,
      'Nothing was changed. Take another backup.',
    )
  }
  const { memories, users } = copy
    .prepare(
      'SELECT (SELECT count(*) FROM memories) AS memories, (SELECT count(*) FROM users) AS users',
    )
    .get()!
  return { memories: Number(memories), users: Number(users), bytes: statSync(partial).size }
}
