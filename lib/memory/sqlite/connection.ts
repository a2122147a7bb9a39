import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from '../../errors.ts'

/** One open file. SQLite answers at once; only another process that writes at the same time makes us wait. */
export interface Connection {
  /** Runs `work`; what SQLite throws becomes a `StoreUnavailableError`. */
  read<T>(work: () => T): Promise<T>
  /** Runs `work` in a transaction of its own: all of it is durable when this resolves, or nothing has happened. */
  write<T>(work: () => T): Promise<T>
  /**
   * The same for what no promise hangs on: it survives the end of this process but may be lost with the machine. It waits for no
   * disk, which is most of what a small write costs.
   */
  writeUnsynced<T>(work: () => T): Promise<T>
  /** Why the last write failed; undefined after one that did not. */
  failure(): string | undefined
}

/**
 * How long SQLite itself may wait for another writer, which blocks this process; then we wait without blocking,
 * and try again for `PATIENCE_MS` in all. The longest wait in practice is the eraser (eraser.ts).
 */
export const BUSY_TIMEOUT_MS = 5
const PAUSE_MS = 20
const PATIENCE_MS = 5_000

export interface ConnectionOptions {
  readonly patienceMs?: number
  /** What this process keeps of the file: checked before every use of it, forgotten when a transaction is undone. */
  readonly kept?: { check(): void; forgetAll(): void } | undefined
}

export function createConnection(
  database: DatabaseSync,
  { patienceMs = PATIENCE_MS, kept }: ConnectionOptions = {},
): Connection {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  const attempts = Math.ceil(patienceMs / (BUSY_TIMEOUT_MS + PAUSE_MS))
  let failure: string | undefined

  async function attempt<T>(work: () => T): Promise<T> {
    for (let left = attempts; ; left--) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error) || left <= 1) throw unavailable(error)
        await sleep(PAUSE_MS)
      }
    }
  }

  function transaction<T>(work: () => T): T {
    begin.run()
    try {
      kept?.check()
      const result = work()
      commit.run()
      failure = undefined
      return result
    } catch (error) {
      // Some errors, such as a full disk, have rolled back already.
      if (database.isTransaction) rollback.run()
      kept?.forgetAll()
      const fault = unavailable(error)
      if (fault instanceof StoreUnavailableError) failure = fault.message
      throw error
    }
  }

  function unsynced<T>(work: () => T): T {
    database.exec('PRAGMA synchronous = NORMAL')
    try {
      return transaction(work)
    } finally {
      database.exec('PRAGMA synchronous = FULL')
    }
  }

  function reading<T>(work: () => T): T {
    kept?.check()
    return work()
  }

  return {
    read: (work) => attempt(() => reading(work)),
    write: (work) => attempt(() => transaction(work)),
    writeUnsynced: (work) => attempt(() => unsynced(work)),
    failure: () => failure,
  }
}

interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR'
  /** SQLite's extended result code. */
  readonly errcode: number
}

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR'
}

/** The kind of an SQLite error, without what the extended code adds. Source: sqlite.org/rescode.html */
export function kindOfFault(error: unknown): number | undefined {
  return isSqliteError(error) ? error.errcode & 0xff : undefined
}

export const SQLITE_CANTOPEN = 14
export const SQLITE_CORRUPT = 11
export const SQLITE_NOTADB = 26
export const SQLITE_BUSY = 5
const SQLITE_CONSTRAINT_UNIQUE = 2067

export const isBusy = (error: unknown) => kindOfFault(error) === SQLITE_BUSY

export const isUniqueViolation = (error: unknown) =>
  isSqliteError(error) && error.errcode === SQLITE_CONSTRAINT_UNIQUE

/** What the same call may survive later. Other codes are mistakes of ours, and pass unchanged. */
const FAULTS: Readonly<Record<number, string>> = {
  [SQLITE_BUSY]: 'Another process has been writing for too long.',
  7: 'There is no memory left.',
  8: 'The memory file is read-only.',
  10: 'The disk reports an error.',
  [SQLITE_CORRUPT]: 'The memory file is damaged: stop the service and restore a backup.',
  13: 'The disk is full.',
  [SQLITE_CANTOPEN]: 'The memory file cannot be opened.',
  [SQLITE_NOTADB]: 'The memory file is damaged: stop the service and restore a backup.',
}

function unavailable(error: unknown): unknown {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE') {
    return new StoreUnavailableError('The memory store is closed.', { cause: error })
  }
  const detail = FAULTS[kindOfFault(error) ?? -1]
  return detail === undefined ? error : new StoreUnavailableError(detail, { cause: error })
}
