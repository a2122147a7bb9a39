import { Worker } from 'node:worker_threads'
import type { Connection } from './connection.ts'
import { type StagedFile, stagedFileOf } from './staged-file.ts'
import type { Statements } from './statements.ts'

/**
 * Erases what was deleted from the file itself. SQLite zeroes a deleted row, but not the copies of rows that its
 * trees leave in free space when they grow: only rewriting the file is sure to. That is done in another thread, a
 * little after the deletion. Measured in docs/decisions/0003-erase-by-rewriting.md.
 */
export interface Eraser {
  /** Notes, in the transaction that deletes, that something was deleted. */
  count(): void
  /** Sees to it that what was deleted is erased soon. */
  wake(): void
  /** Erases now. Resolves to whether nothing that was deleted is left. */
  scrub(): Promise<boolean>
  /** Whether all deletions are erased, or the first `mark` of them. */
  isDone(mark?: number): Promise<boolean>
  /** How many deletions there have been. */
  mark(): Promise<number>
  /** Why the last attempt failed; undefined after one that did not. */
  failure(): string | undefined
  /** Erases what is left, then rests. */
  close(): Promise<void>
}

export interface EraserOptions {
  readonly file: string
  readonly connection: Connection
  readonly statements: Pick<Statements, 'erasure' | 'countDeletion' | 'setErased' | 'checkpoint'>
  /** Undefined for a file that is never replaced. */
  readonly staged?: StagedFile | undefined
  /** Deletions within this time are erased together. */
  readonly delayMs: number
}

/** Rewriting takes at most a twentieth of the time, however often something is deleted. */
const REST_SHARE = 20

export function createEraser(options: EraserOptions): Eraser {
  const { file, connection, statements, staged, delayMs } = options
  let timer: NodeJS.Timeout | undefined
  let running: Promise<boolean> | undefined
  let restMs = 0
  let failure: string | undefined
  let isClosed = false

  const isDone = (mark?: number) =>
    connection.read(() => {
      const { deletions, erased } = statements.erasure()!
      return erased >= (mark ?? deletions)
    })

  function wake(): void {
    if (timer || isClosed) return
    timer = setTimeout(
      () => {
        timer = undefined
        void scrub().catch(() => {}) // Told by `failure`.
      },
      Math.max(delayMs, restMs),
    )
    timer.unref()
  }

  function scrub(): Promise<boolean> {
    running ??= erase().finally(() => {
      running = undefined
    })
    return running
  }

  async function erase(): Promise<boolean> {
    try {
      const { deletions, erased } = await connection.read(() => statements.erasure()!)
      if (erased >= deletions) return true
      const startedAtMs = performance.now()
      await rewrite(staged?.isThere() ? [file, stagedFileOf(file)] : [file])
      restMs = (performance.now() - startedAtMs) * REST_SHARE
      // The log holds what was deleted until it is emptied, which waits for whoever reads from it.
      const { busy } = await connection.read(() => statements.checkpoint()!)
      if (busy !== 0) throw new Error('Another process is reading.')
      await connection.write(() => statements.setErased(deletions))
      failure = undefined
      return await isDone()
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
      wake()
      throw error
    }
  }

  return {
    count: () => void statements.countDeletion(),
    wake,
    scrub,
    isDone,
    mark: () => connection.read(() => statements.erasure()!.deletions),
    failure: () => failure,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running?.catch(() => {})
      await scrub().catch(() => {})
    },
  }
}

/** In another thread: 5 ms a megabyte. Writers wait meanwhile, readers do not. */
function rewrite(files: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(REWRITE, { eval: true, workerData: files })
    worker.once('error', reject)
    worker.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`The rewriting thread ended with code ${code}.`))
    })
  })
}

/** As text, because a function is one bundle and this is no file of its own. */
const REWRITE = `
  const { DatabaseSync } = require('node:sqlite')
  for (const file of require('node:worker_threads').workerData) {
    const database = new DatabaseSync(file, { timeout: 5000 })
    try {
      database.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; VACUUM')
    } finally {
      database.close()
    }
  }
`
