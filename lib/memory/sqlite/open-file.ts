import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  BUSY_TIMEOUT_MS,
  kindOfFault,
  SQLITE_CANTOPEN,
  SQLITE_CORRUPT,
  SQLITE_NOTADB,
} from './connection.ts'
import { MemoryFileError } from './file-error.ts'
import { checkSchema, completeSchema, ReplacedFileError } from './schema.ts'
import { adoptStaged } from './staged-file.ts'

/**
 * Before it, two connections that write and checkpoint at once can damage the file.
 * Source: sqlite.org/wal.html, "The WAL-reset bug".
 */
const SQLITE_AT_LEAST = [3, 51, 3] as const

/** Another process may be making the same file, or emptying its log. */
const OPENING_TIMEOUT_MS = 5_000

/** Another process may be putting a restored file in the place of this one. */
const REPLACING_TIMEOUT_MS = 2_000
const PAUSE_MS = 20

/**
 * The database in this file, made when missing (readable by its owner only, its folder too) and brought up to this
 * release. Throws a `MemoryFileError`, having changed nothing, for a file that is damaged or not ours.
 */
export function openFile(file: string): DatabaseSync {
  for (let left = REPLACING_TIMEOUT_MS / PAUSE_MS; ; left--) {
    try {
      adoptStaged(file)
      return openOnce(file)
    } catch (error) {
      if (!(error instanceof ReplacedFileError) || left <= 1) throw explained(file, error)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    }
  }
}

function openOnce(file: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a', 0o600))
    database = new DatabaseSync(file, { timeout: OPENING_TIMEOUT_MS })
    const { version } = database.prepare('SELECT sqlite_version() AS version').get()!
    checkSqliteVersion(String(version), file)
    checkSchema(database, file)
    database.exec(pragmas(dirname(file)))
    checkSchema(database, file) // From here on nobody can replace it; a moment ago somebody could.
    completeSchema(database)
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    return database
  } catch (error) {
    database?.close()
    throw error
  }
}

/**
 * The page size counts only in a new file. The log is synced at every commit: an acknowledged write survives a
 * power cut. A small log keeps the slowest write short.
 */
const pragmas = (folder: string) => `
  PRAGMA page_size = 8192;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON;
  PRAGMA cache_size = -8192;
  PRAGMA wal_autocheckpoint = 250;
  PRAGMA journal_size_limit = 16777216;
  PRAGMA trusted_schema = OFF;
  PRAGMA temp_store_directory = '${folder.replaceAll("'", "''")}';
`

export function checkSqliteVersion(version: string, file: string): void {
  const parts = version.split('.').map(Number)
  const at = SQLITE_AT_LEAST.findIndex((least, at) => parts[at] !== least)
  if (at < 0 || parts[at]! > SQLITE_AT_LEAST[at]!) return
  throw new MemoryFileError(
    file,
    `was not opened: this Node.js comes with SQLite ${version}, which can damage it.`,
    `Use Node.js 24.15 or newer, with SQLite ${SQLITE_AT_LEAST.join('.')} or newer.`,
  )
}

function explained(file: string, error: unknown): unknown {
  const kind = kindOfFault(error)
  if (kind === SQLITE_NOTADB || kind === SQLITE_CORRUPT) {
    return new MemoryFileError(
      file,
      'is damaged, or no database.',
      'Nothing was changed. Restore a backup, or move the file away to start with an empty memory.',
      { cause: error },
    )
  }
  const isSystemError = error instanceof Error && 'syscall' in error
  if (kind === SQLITE_CANTOPEN || isSystemError) {
    return new MemoryFileError(
      file,
      `cannot be opened (${(error as Error).message}).`,
      'Give this process the right to write there, or name another DATA_DIR.',
      { cause: error },
    )
  }
  return error
}
